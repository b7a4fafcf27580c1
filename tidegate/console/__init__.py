"""What the console shows of a gateway: the project, what its operations do, and who is there. All of it is JSON."""
