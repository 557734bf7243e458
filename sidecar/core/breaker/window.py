"""Counts the outcomes of the last seconds and says when they are bad enough to open.

Ten buckets, so that the window is exact to a tenth and costs the same however many calls there are.
"""

from collections import deque
from typing import Literal, NamedTuple

from sidecar.config.breaker import Breaker as BreakerConfig

Breach = Literal["consecutive", "failure_rate", "slow_rate"]

_BUCKETS = 10


class Counts(NamedTuple):
    """What the window holds."""

    calls: int
    failures: int
    slow: int
    consecutive: int

    @property
    def failure_rate(self) -> float:
        """The share of calls that failed; 0 without calls."""
        return self.failures / self.calls if self.calls else 0.0


class Window:
    """The outcomes of one breaker."""

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self._width = config.window / _BUCKETS
        self._buckets: deque[list[int]] = deque()
        """[slot, calls, failures, slow], oldest first."""
        self._calls = self._failures = self._slow = self._consecutive = 0

    def __repr__(self) -> str:
        return f"Window({self._failures} of {self._calls} failed, {self._consecutive} in a row)"

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        """Count one outcome."""
        slot = self._drop_old(now)
        if not self._buckets or self._buckets[-1][0] != slot:
            self._buckets.append([slot, 0, 0, 0])
        bucket = self._buckets[-1]
        bucket[1] += 1
        bucket[2] += failed
        bucket[3] += slow
        self._calls += 1
        self._failures += failed
        self._slow += slow
        self._consecutive = self._consecutive + 1 if failed else 0

    def breach(self) -> Breach | None:
        """Which threshold is reached, as of the last outcome; None if none is."""
        config = self._config
        if self._consecutive >= config.consecutive:
            return "consecutive"
        if self._calls < config.min_calls:
            return None
        if self._failures and self._failures >= config.failure_rate * self._calls:
            return "failure_rate"
        if self._slow and self._slow >= config.slow_rate * self._calls:
            return "slow_rate"
        return None

    def counts(self, now: float) -> Counts:
        """What is counted at this instant."""
        self._drop_old(now)
        return Counts(self._calls, self._failures, self._slow, self._consecutive)

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
        self._calls = self._failures = self._slow = self._consecutive = 0

    def _drop_old(self, now: float) -> int:
        slot = int(now // self._width)
        while self._buckets and self._buckets[0][0] <= slot - _BUCKETS:
            _, calls, failures, slow = self._buckets.popleft()
            self._calls -= calls
            self._failures -= failures
            self._slow -= slow
        return slot
