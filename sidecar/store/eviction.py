"""Decides what a full store gives up: here, what was not used for the longest time.

Knows keys only; a store tells it what happens to them.
"""

from collections import OrderedDict
from typing import Protocol


class Eviction(Protocol):
    """An order of going. It knows exactly the keys that are kept."""

    def added(self, key: str, size: int) -> None:
        """A key that was not kept is now, with so many bytes."""
        ...

    def used(self, key: str) -> None:
        """A key that is kept was read or written again."""
        ...

    def removed(self, key: str) -> None:
        """A key is kept no longer, for whatever reason."""
        ...

    def victim(self) -> str:
        """The key to give up next; it stays known until `removed`. There is at least one."""
        ...


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
