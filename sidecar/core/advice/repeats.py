"""Finds out what a cache would have saved: reads that were answered with the same bytes again.

For each of a few lifetimes it is played what a cache would have done, and whether it would have
given an answer that had changed meanwhile. Pure: knows digests, neither requests nor bodies.
"""

from dataclasses import dataclass, field

from sidecar.core.keyed import Keyed

LIFETIMES = (1.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds that are tried."""

_MOST_KEYS = 512


@dataclass(slots=True)
class Kept:
    """What caches of the different lifetimes would hold for one request."""

    since: list[float] = field(default_factory=lambda: [float("-inf")] * len(LIFETIMES))
    digests: list[int] = field(default_factory=lambda: [0] * len(LIFETIMES))
    asked: int = 0


class Repeats:
    """The reads of one shape."""

    __slots__ = ("_kept", "changed", "distinct", "reads", "saved")

    def __init__(self) -> None:
        self._kept: Keyed[int, Kept] = Keyed(lambda _: Kept(), _MOST_KEYS)
        self.reads = 0
        """Reads of which the answer is known."""
        self.distinct = 0
        """Different requests among them; those that were forgotten meanwhile count again."""
        self.saved = [0] * len(LIFETIMES)
        """Calls that a cache would have answered, by lifetime."""
        self.changed = [0] * len(LIFETIMES)
        """Of them, those whose answer had changed."""

    def __repr__(self) -> str:
        return f"<Repeats {self.reads} reads, {self.distinct} distinct, saved {self.saved}>"

    def see(self, key: int, digest: int, now: float) -> None:
        """One read has been answered.

        Args:
            key: of the request and of who asks.
            digest: of the answer.
            now: when it was answered, in seconds.
        """
        kept = self._kept.get(key)
        self.reads += 1
        self.distinct += not kept.asked
        kept.asked += 1
        for index, lifetime in enumerate(LIFETIMES):
            if 0 <= now - kept.since[index] < lifetime:
                self.saved[index] += 1
                self.changed[index] += kept.digests[index] != digest
            else:
                kept.since[index] = now
                kept.digests[index] = digest
