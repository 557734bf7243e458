"""Orders of going that the sidecar was tried with and does not use, for `bench.eviction`.

Each is a `sidecar.store.eviction.Eviction`.
"""

import heapq
from collections import OrderedDict


class LeastRecentlyUsed:
    """What was used last stays."""

    def __init__(self) -> None:
        self._order: OrderedDict[str, None] = OrderedDict()

    def added(self, key: str, size: int) -> None:
        """It is the youngest."""
        self._order[key] = None

    def used(self, key: str) -> None:
        """It is the youngest again."""
        self._order.move_to_end(key)

    def removed(self, key: str) -> None:
        """Nothing is remembered of it."""
        del self._order[key]

    def victim(self) -> str:
        """The one that was not used for the longest time."""
        return next(iter(self._order))


class _Node:
    """One key in the queue; `newer` and `older` are its neighbours."""

    __slots__ = ("key", "newer", "older", "visited")

    def __init__(self, key: str) -> None:
        self.key = key
        self.visited = False
        self.newer: _Node | None = None
        self.older: _Node | None = None


class Sieve:
    """What was not used since the hand last passed it goes, the oldest first.

    Source: Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._newest: _Node | None = None
        self._oldest: _Node | None = None
        self._hand: _Node | None = None

    def added(self, key: str, size: int) -> None:
        """It enters at the new end."""
        node = self._nodes[key] = _Node(key)
        node.older = self._newest
        if self._newest is not None:
            self._newest.newer = node
        self._newest = node
        if self._oldest is None:
            self._oldest = node

    def used(self, key: str) -> None:
        """The hand will pass it over once."""
        self._nodes[key].visited = True

    def removed(self, key: str) -> None:
        """It is taken out; the hand moves off it."""
        node = self._nodes.pop(key)
        if self._hand is node:
            self._hand = node.newer
        if node.older is not None:
            node.older.newer = node.newer
        else:
            self._oldest = node.newer
        if node.newer is not None:
            node.newer.older = node.older
        else:
            self._newest = node.older

    def victim(self) -> str:
        """The first from the hand towards the new end that was not used; those passed may go next.

        Two rounds at the most: the first clears every flag.
        """
        node = self._hand or self._oldest
        assert node is not None, "nothing is kept"
        while node.visited:
            node.visited = False
            node = node.newer or self._oldest
            assert node is not None
        self._hand = node
        return node.key


class GreedyDual:
    """GDSF: what was used least for its size goes; what is left alone ages.

    Source: Cherkasova, "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching
    Policy", HP Labs 1998, with the same cost for every miss.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, int, float]] = {}
        """Uses, size and worth of each key."""
        self._heap: list[tuple[float, str]] = []
        """Keys by what they were worth once: what is used is worth more than it says."""
        self._clock = 0.0

    def added(self, key: str, size: int) -> None:
        """It is worth more the smaller it is."""
        worth = self._clock + 1 / size
        self._kept[key] = (1, size, worth)
        heapq.heappush(self._heap, (worth, key))
        if len(self._heap) > 2 * len(self._kept) + 64:
            self._heap = [(worth, key) for key, (_, _, worth) in self._kept.items()]
            heapq.heapify(self._heap)

    def used(self, key: str) -> None:
        """It is worth more."""
        uses, size, _ = self._kept[key]
        self._kept[key] = (uses + 1, size, self._clock + (uses + 1) / size)

    def removed(self, key: str) -> None:
        """Nothing is remembered of it; the heap forgets it later."""
        del self._kept[key]

    def victim(self) -> str:
        """What is worth least; all that comes later is worth more than it."""
        while True:
            worth, key = self._heap[0]
            if key not in self._kept:
                heapq.heappop(self._heap)
            elif self._kept[key][2] > worth:
                heapq.heapreplace(self._heap, (self._kept[key][2], key))
            else:
                self._clock = worth
                return key


class TinyLfu:
    """W-TinyLFU: what comes stays if it was asked for more often than what would go for it.

    Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM
    Transactions on Storage 2017. A window of 1 % before a segmented LRU; counts are exact, where
    the paper has a sketch, and are halved as there.
    """

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._window: OrderedDict[str, None] = OrderedDict()
        self._probation: OrderedDict[str, None] = OrderedDict()
        self._protected: OrderedDict[str, None] = OrderedDict()
        self._size = self._window_size = self._protected_size = 0
        self._counts: dict[str, int] = {}
        self._counted = 0
        self._candidate: str | None = None

    def added(self, key: str, size: int) -> None:
        """It comes into the window; what leaves it is a candidate for the rest."""
        self._sizes[key] = size
        self._size += size
        self._window[key] = None
        self._window_size += size
        self._count(key)
        while self._window_size > 0.01 * self._size and len(self._window) > 1:
            self._candidate = self._window.popitem(last=False)[0]
            self._window_size -= self._sizes[self._candidate]
            self._probation[self._candidate] = None

    def used(self, key: str) -> None:
        """It is counted, and protected if it was on probation."""
        self._count(key)
        if key in self._window:
            self._window.move_to_end(key)
        elif key in self._protected:
            self._protected.move_to_end(key)
        else:
            self._protect(key)

    def _protect(self, key: str) -> None:
        del self._probation[key]
        self._protected[key] = None
        self._protected_size += self._sizes[key]
        while self._protected_size > 0.8 * self._size and len(self._protected) > 1:
            old = self._protected.popitem(last=False)[0]
            self._protected_size -= self._sizes[old]
            self._probation[old] = None

    def _count(self, key: str) -> None:
        self._counts[key] = min(15, self._counts.get(key, 0) + 1)
        self._counted += 1
        if self._counted > 10 * len(self._sizes) + 100:
            self._counted //= 2
            self._counts = {key: count // 2 for key, count in self._counts.items() if count > 1}

    def removed(self, key: str) -> None:
        """Only its count is remembered."""
        size = self._sizes.pop(key)
        self._size -= size
        if key in self._window:
            del self._window[key]
            self._window_size -= size
        elif key in self._protected:
            del self._protected[key]
            self._protected_size -= size
        else:
            del self._probation[key]
        if key == self._candidate:
            self._candidate = None

    def victim(self) -> str:
        """The oldest on probation, or the candidate if that was asked for no more often."""
        old = next(iter(self._probation or self._protected or self._window))
        candidate = self._candidate
        if candidate in self._probation and candidate is not None:
            return old if self._counts.get(candidate, 0) > self._counts.get(old, 0) else candidate
        return old
