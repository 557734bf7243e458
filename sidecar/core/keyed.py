"""One state for each key, for a bounded number of keys: the least recently used goes first.

Pure. What is in use is not dropped: a state says itself whether it is at rest.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


_LOOKS = 8
"""How many a new key asks whether they are at rest: all, it would cost as much as there are."""


class Keyed(Generic[K, T]):
    """A mapping that makes what it is asked for."""

    def __init__(
        self, make: Callable[[K], T], most: int, at_rest: Callable[[T], bool] = lambda _: True
    ) -> None:
        """A mapping without states.

        Args:
            make: makes the state of a key.
            most: how many are kept; more only while hardly any of them is at rest.
            at_rest: whether a state may be dropped and made anew without a difference.
        """
        self._make = make
        self._most = most
        self._at_rest = at_rest
        self._states: OrderedDict[K, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._states)

    def __iter__(self) -> Iterator[tuple[K, T]]:
        return iter(tuple(self._states.items()))

    def get(self, key: K) -> T:
        """The state of `key`, made if there is none."""
        state = self._states.get(key)
        if state is not None:
            self._states.move_to_end(key)
            return state
        self._make_room()
        state = self._states[key] = self._make(key)
        return state

    def _make_room(self) -> None:
        """What is not at rest is passed over, to the end, so that others are asked next time."""
        for _ in range(min(_LOOKS, len(self._states))):
            if len(self._states) < self._most:
                return
            key, state = next(iter(self._states.items()))
            if self._at_rest(state):
                del self._states[key]
            else:
                self._states.move_to_end(key)
