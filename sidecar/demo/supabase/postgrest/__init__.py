"""PostgREST on tables in memory: grammar, rows, preferences, and HTTP around them."""
