"""Soak and chaos: the sidecar as a process, with all that goes wrong around it, for minutes."""
