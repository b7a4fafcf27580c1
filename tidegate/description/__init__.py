"""What operations do, for people: for the command line, for the console, and for whoever else tells of them."""
