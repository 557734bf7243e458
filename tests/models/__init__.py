"""Models: what must always hold, of whole chains, in any order of events."""
