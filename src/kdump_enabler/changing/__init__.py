"""What is wanted of a machine, and what has to be written, installed and restarted for that."""
