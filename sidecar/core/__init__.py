"""Decisions as plain values: no loop, no clock, no dice, no log, no socket. `now` comes in."""
