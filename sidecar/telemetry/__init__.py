"""What the sidecar says of itself: log lines, metrics, and what must not be in them.

Knows records of exchanges that have ended; nothing of layers, listeners or connections.
"""
