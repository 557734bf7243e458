"""What may be stored, for whom, for how long, and when it may be used again. Decisions only."""
