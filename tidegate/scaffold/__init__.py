"""A project's first files: the service desk, or what a database that is already there says of itself."""
