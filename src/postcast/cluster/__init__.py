"""Other machines that work: each gets the command line of a worker, and never a function."""
