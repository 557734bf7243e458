"""Learns at which rate an upstream begins to refuse calls. Pure: counts by the second."""

from collections import deque

WINDOWS = (1, 10, 60)
"""Seconds over which calls are counted that were let through when one was refused."""

_MOST = 64
"""Seconds with a refusal that are remembered."""


class Rates:
    """The calls of one route."""

    __slots__ = (
        "_accepted",
        "_began",
        "_refused_now",
        "_second",
        "at_refusal",
        "highest",
        "refused",
    )

    def __init__(self) -> None:
        self._accepted: deque[int] = deque([0], maxlen=max(WINDOWS))
        """By second, the last is now."""
        self._second = 0
        self._began: int | None = None
        self._refused_now = 0
        self.refused = 0
        """Refusals since the start."""
        self.at_refusal: deque[tuple[int, ...]] = deque(maxlen=_MOST)
        """For each second with a refusal: what was let through in each window up to its end; 0
        for a window that is longer than what was seen."""
        self.highest = 0
        """The most calls of a second in which none was refused."""

    def __repr__(self) -> str:
        return f"<Rates {self.refused} refused in {len(self.at_refusal)} seconds>"

    def count(self, second: int, *, accepted: int, refused: int) -> None:
        """Calls that have ended.

        Args:
            second: in which; what is earlier than the last counts as that.
            accepted: those that were not refused for coming too often.
            refused: the others.
        """
        if self._began is None:
            self._began = self._second = second
        elif second > self._second:
            self._close()
            passed = min(second - self._second, max(WINDOWS))
            self._accepted.extend([0] * passed)
            self._second = second
        self._accepted[-1] += accepted
        self._refused_now += refused
        self.refused += refused

    def settled(self) -> list[tuple[int, ...]]:
        """As `at_refusal`, with the second that is not over."""
        return [*self.at_refusal, *([self._windows()] if self._refused_now else [])]

    def _close(self) -> None:
        """The second is over."""
        if self._refused_now:
            self.at_refusal.append(self._windows())
        else:
            self.highest = max(self.highest, self._accepted[-1])
        self._refused_now = 0

    def _windows(self) -> tuple[int, ...]:
        counts = tuple(self._accepted)
        seen = self._second - (self._began or 0) + 1
        return tuple(sum(counts[-window:]) if seen >= window else 0 for window in WINDOWS)
