"""What the command line can do, one module for each command; exit codes are decided here."""
