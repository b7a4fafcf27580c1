"""The user's JavaScript and Python, in processes of their own."""
