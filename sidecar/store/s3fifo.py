"""S3-FIFO: what was not used again soon after it came goes first, and is remembered for a while.

Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023,
algorithm 1. Sizes only steer the shares of the two queues.
"""

from collections import OrderedDict

_SMALL = 0.1
"""The share of all bytes that is on probation (paper, §4.1)."""
_MOST = 3
"""Uses that are counted: two bits (§4.1)."""
_PROVEN = 1
"""Uses that end the probation. The paper asks for more than one; on the traces of
`make bench-eviction`, one found from 0.2 points less to 2 points more (docs/performance.md)."""


class _Kept:
    """What is known of a key."""

    __slots__ = ("size", "uses")

    def __init__(self, size: int) -> None:
        self.size = size
        self.uses = 0


class S3Fifo:
    """An order of going (`store.eviction.Eviction`)."""

    def __init__(self) -> None:
        self._small: OrderedDict[str, _Kept] = OrderedDict()
        """On probation, oldest first."""
        self._main: OrderedDict[str, _Kept] = OrderedDict()
        """Has proved itself; what was used since its last turn has another."""
        self._ghosts: OrderedDict[str, None] = OrderedDict()
        """Keys that went on probation, the latest last: at most as many as were kept then."""
        self._small_size = 0
        self._size = 0
        self._victim: str | None = None

    def added(self, key: str, size: int) -> None:
        """It is on probation, unless it went too early the last time."""
        kept = _Kept(size)
        self._size += size
        if key in self._ghosts:
            del self._ghosts[key]
            self._main[key] = kept
        else:
            self._small[key] = kept
            self._small_size += size

    def used(self, key: str) -> None:
        """It is counted; nothing moves."""
        kept = self._small.get(key) or self._main[key]
        if kept.uses < _MOST:
            kept.uses += 1

    def removed(self, key: str) -> None:
        """It is taken out. Who goes on probation for want of room leaves a ghost."""
        kept = self._main.pop(key, None)
        if kept is None:
            kept = self._small.pop(key)
            self._small_size -= kept.size
            if key == self._victim:
                self._remember(key)
        self._size -= kept.size
        if key == self._victim:
            self._victim = None

    def victim(self) -> str:
        """The oldest that was not used, on probation where that has more than its share.

        What was used moves on: from probation to the main queue, there to the end of it for one
        use less. So no key is passed over more than four times.
        """
        while True:
            if self._small and (self._small_size > _SMALL * self._size or not self._main):
                key, kept = next(iter(self._small.items()))
                if kept.uses < _PROVEN:
                    break
                self._promote(key)
            else:
                key, kept = next(iter(self._main.items()))
                if not kept.uses:
                    break
                kept.uses -= 1
                self._main.move_to_end(key)
        self._victim = key
        return key

    def _promote(self, key: str) -> None:
        kept = self._main[key] = self._small.pop(key)
        self._small_size -= kept.size
        kept.uses = 0

    def _remember(self, key: str) -> None:
        self._ghosts[key] = None
        while len(self._ghosts) > len(self._small) + len(self._main) + 1:
            self._ghosts.popitem(last=False)
