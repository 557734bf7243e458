"""Estimates a quantile of the latest durations, in bounded memory. Pure: the caller gives `now`.

A histogram with logarithmic buckets, as HdrHistogram and Prometheus' native ones have, in slices
of time: the oldest slice is forgotten as a whole.
"""

import math
from array import array
from collections import deque
from typing import NamedTuple

_GROWTH = 1.04
"""A bucket's upper edge over its lower one: the estimate is too high by 4 % at the most."""

_LOWEST = 0.001
_HIGHEST = 600.0
_STEP = math.log(_GROWTH)
_BUCKETS = math.ceil(math.log(_HIGHEST / _LOWEST) / _STEP) + 1


class _Slice(NamedTuple):
    """What was seen in one part of the window."""

    began: float
    counts: "array[int]"


def _no_counts() -> "array[int]":
    return array("L", [0]) * _BUCKETS


def _bucket(seconds: float) -> int:
    """The number of the bucket that holds `seconds`; the first and the last hold what is beyond."""
    if seconds <= _LOWEST:
        return 0
    return min(math.ceil(math.log(seconds / _LOWEST) / _STEP - 1e-9), _BUCKETS - 1)


class Quantiles:
    """Durations of the last `window` seconds, from 1 ms to 10 min.

    Args:
        window: seconds that a duration is remembered for.
        slices: in how many steps the window moves on; a duration is forgotten between
            `window` and `window` x (1 + 1 / slices) seconds after it was seen.
    """

    def __init__(self, window: float = 120.0, slices: int = 6) -> None:
        self._window = window
        self._length = window / slices
        self._slices: deque[_Slice] = deque()
        self._total = _no_counts()
        self.count = 0
        """How many durations are remembered; as of the last call of a method with `now`."""

    def __repr__(self) -> str:
        return f"<Quantiles {self.count} in {self._window:g} s>"

    def observe(self, seconds: float, now: float) -> None:
        """Remember one duration."""
        self._forget(now)
        if not self._slices or now - self._slices[-1].began >= self._length:
            self._slices.append(_Slice(now, _no_counts()))
        bucket = _bucket(seconds)
        self._slices[-1].counts[bucket] += 1
        self._total[bucket] += 1
        self.count += 1

    def quantile(self, part: float, now: float) -> float | None:
        """The duration that `part` of those remembered do not exceed (nearest rank).

        At most 4 % above the exact one, never below it; None when nothing is remembered.
        """
        self._forget(now)
        if not self.count:
            return None
        above = self.count - max(1, math.ceil(part * self.count - 1e-9))
        for bucket in range(_BUCKETS - 1, -1, -1):  # from the top: the quantile is a high one
            above -= self._total[bucket]
            if above < 0:
                break
        return float(_LOWEST * _GROWTH**bucket)

    def _forget(self, now: float) -> None:
        while self._slices and now - self._slices[0].began >= self._window + self._length:
            for bucket, count in enumerate(self._slices.popleft().counts):
                if count:
                    self._total[bucket] -= count
                    self.count -= count

    def snapshot(self, now: float) -> dict[str, float | None]:
        """How it stands, for people."""
        return {"samples": self.count} | {
            f"p{part * 100:g}": self.quantile(part, now) for part in (0.5, 0.95, 0.99)
        }
