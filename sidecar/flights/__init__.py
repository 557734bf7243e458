"""Calls to upstreams that several exchanges share, or that nobody waits for.

Knows how they are begun, joined and ended, and what is kept of them. What they ask for, and for how
long an answer is good, is decided in `core/`.
"""
