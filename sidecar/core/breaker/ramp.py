"""Decides how many calls may go at once after a breaker has closed.

Those who waited must not all fall on an upstream that has only just come back. As TCP's slow
start, each success lets one more through; and time does, for upstreams that take their time.
"""

import math

from sidecar.config.breaker import Breaker as BreakerConfig

_DOUBLINGS = 4
"""How often the bound doubles by time alone before it is gone: 4, 8, 16, 32, none."""


class Ramp:
    """The bound on calls in flight, for `ramp_time` seconds after closing."""

    def __init__(self, config: BreakerConfig, now: float) -> None:
        self._first = config.ramp
        self._began = now
        self._until = now + config.ramp_time
        self._doubling = config.ramp_time / _DOUBLINGS
        self._successes = 0

    def __repr__(self) -> str:
        return f"Ramp({self._first}, {self._successes} successes)"

    def wait(self, inflight: int, now: float) -> float | None:
        """None if one more may go; else the seconds until it may by time alone."""
        by_time = inflight + 1 - self._successes
        if now >= self._until or by_time <= self._first:
            return None
        due = self._began + self._doubling * math.log2(by_time / self._first)
        due = min(due, self._until)
        return due - now if now < due else None

    def after_success(self, now: float) -> "Ramp | None":
        """One call was answered well: the same with a wider bound, or None when it is over."""
        self._successes += 1
        return self if now < self._until else None
