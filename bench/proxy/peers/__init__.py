"""How each peer is configured: its files, and the command that starts it."""
