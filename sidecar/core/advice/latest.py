"""A mapping that is bounded: what was asked for least recently goes first. Pure."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Latest(Generic[K, V]):
    """Makes what it is asked for, and forgets what nobody asks for any more.

    Args:
        make: makes the value of a key that is new.
        most: how many are remembered.
    """

    def __init__(self, make: Callable[[], V], most: int) -> None:
        self._make = make
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Latest {len(self._values)} of {self._most}>"

    def get(self, key: K) -> V:
        """The value of `key`."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
            return value
        value = self._values[key] = self._make()
        if len(self._values) > self._most:
            self._values.popitem(last=False)
        return value

    def items(self) -> Iterator[tuple[K, V]]:
        """All that are remembered."""
        return iter(tuple(self._values.items()))

    def values(self) -> Iterator[V]:
        """The same without their keys."""
        return iter(tuple(self._values.values()))
