"""Estimates quantiles of durations in a few hundred bytes. Pure; knows nothing of who took so long.

Buckets grow by a constant factor, as in DDSketch (Masson, Rim and Lee, VLDB 2019): the relative
error of every quantile is bounded.
"""

import math

_GROWTH = 1.1
"""A bucket's upper edge over its lower one: an estimate is off by 5 % at the most."""
_STEP = math.log(_GROWTH)
_LOWEST = 1e-4
_MOST = 160
"""Buckets from 0.1 ms to some 400 s; what is longer counts as that."""


class Sketch:
    """Durations since the start."""

    __slots__ = ("_counts", "count", "sum")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.sum = 0.0

    def __repr__(self) -> str:
        return f"<Sketch of {self.count}, p50 {self.quantile(0.5):.4f} s>"

    def observe(self, seconds: float) -> None:
        """Take in one."""
        bucket = 0
        if seconds > _LOWEST:
            bucket = min(math.ceil(math.log(seconds / _LOWEST) / _STEP), _MOST)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self.sum += seconds

    def quantile(self, part: float) -> float:
        """The duration that `part` of all do not exceed (nearest rank); 0 where there are none."""
        below = max(1, math.ceil(part * self.count - 1e-9))
        for bucket in sorted(self._counts):
            below -= self._counts[bucket]
            if below <= 0:
                return _LOWEST if not bucket else _LOWEST * _GROWTH ** (bucket - 0.5)
        return 0.0
