"""SIEVE: what was not used since the hand last passed it goes, the oldest first.

Source: Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024. A hit sets one
flag, so reading changes no order.
"""


class _Node:
    """One key in the queue; `newer` and `older` are its neighbours."""

    __slots__ = ("key", "newer", "older", "visited")

    def __init__(self, key: str) -> None:
        self.key = key
        self.visited = False
        self.newer: _Node | None = None
        self.older: _Node | None = None


class Sieve:
    """An order of going (`store.eviction.Eviction`)."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._newest: _Node | None = None
        self._oldest: _Node | None = None
        self._hand: _Node | None = None

    def added(self, key: str) -> None:
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
