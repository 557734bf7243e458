"""Hostile bytes and texts: what reads them says what is wrong with them, or is right."""
