"""Values by key in this process, bounded in bytes. S3-FIFO says what goes when there is no room.

Knows nothing of what the values mean, or when they end.
"""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from sidecar.store.eviction import Eviction
from sidecar.store.s3fifo import S3Fifo
from sidecar.telemetry.store_stats import StoreStats

T = TypeVar("T")

ENTRY = 576
"""Bytes that a value costs here beside itself and its key: the objects that hold the two, their
place in the order of going, and the ghost of one that went. Measured with CPython 3.11."""


class Bounded(Generic[T]):
    """A mapping that gives up what is used least.

    Args:
        max_size: bytes of everything, keys and `ENTRY` for each value included.
        max_object: bytes of one value, as those who put it in count; a larger one is not kept.
        stats: counts what happens.
        eviction: what goes when there is no room.
    """

    def __init__(
        self,
        max_size: int,
        max_object: int,
        stats: StoreStats,
        eviction: Callable[[], Eviction] = S3Fifo,
    ) -> None:
        self._max_size = max_size
        self._max_object = max_object
        self._stats = stats
        self._order = eviction
        self._eviction = eviction()
        self._values: dict[str, tuple[T, int]] = {}
        self.size = 0
        """Bytes now."""

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return iter([(key, value) for key, (value, _) in self._values.items()])

    def __repr__(self) -> str:
        return f"<Bounded {len(self)} values, {self.size} of {self._max_size} bytes>"

    def get(self, key: str, /) -> T | None:
        """What is kept under the key."""
        found = self._values.get(key)
        if found is None:
            self._stats.misses += 1
            return None
        self._stats.hits += 1
        self._eviction.used(key)
        return found[0]

    def put(self, key: str, value: T, size: int, /) -> None:
        """Keep it, instead of what was there; one that is too large only displaces that."""
        fits = size <= self._max_object
        size += len(key) + ENTRY
        known = self._values.get(key)
        if not fits or size > self._max_size:
            self.pop(key)
            self._stats.dropped += 1
            return
        if known is not None:
            self._resize(-known[1])
            self._eviction.used(key)
        else:
            self._make_room(size)
            self._eviction.added(key, size)
        self._values[key] = (value, size)
        self._resize(size)
        self._make_room(0)
        self._stats.writes += 1

    def pop(self, key: str, /) -> T | None:
        """Forget what is there, if anything is, and give it back."""
        found = self._values.pop(key, None)
        if found is None:
            return None
        self._eviction.removed(key)
        self._resize(-found[1])
        return found[0]

    def clear(self) -> None:
        """Forget all."""
        self._eviction = self._order()
        self._values.clear()
        self._resize(-self.size)

    def snapshot(self) -> dict[str, int]:
        """How it stands, for people."""
        return {"entries": len(self), "bytes": self.size, "max_bytes": self._max_size}

    def _make_room(self, size: int) -> None:
        while self.size + size > self._max_size:
            self.pop(self._eviction.victim())
            self._stats.evicted += 1

    def _resize(self, change: int) -> None:
        self.size += change
        self._stats.bytes = self.size
        self._stats.entries = len(self._values)
