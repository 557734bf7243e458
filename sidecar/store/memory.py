"""A store in this process, bounded in bytes. Synchronous inside; `MemoryStore` is its async face.

Knows nothing of what the bytes mean. What has expired is dropped when it is met.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.store.eviction import Eviction, LeastRecentlyUsed
from sidecar.telemetry.store_stats import StoreStats

ENTRY = 256
"""Bytes that an entry costs beside its key and value: the objects that hold it in CPython."""


class _Entry(NamedTuple):
    value: bytes
    expires: float


class Memory:
    """Bytes by key, for a while.

    Args:
        max_size: bytes of everything, keys and a flat cost for each entry included.
        max_object: bytes of one value; a larger one is not kept.
        eviction: what goes when there is no room; by default what was not used for longest.
        stats: counts what happens; by default nobody reads it.
    """

    def __init__(
        self,
        max_size: int,
        max_object: int,
        eviction: Callable[[], Eviction] = LeastRecentlyUsed,
        stats: StoreStats | None = None,
    ) -> None:
        self._max_size = max_size
        self.max_object = max_object
        self._eviction = eviction()
        self._entries: dict[str, _Entry] = {}
        self.stats = stats or StoreStats()
        self.size = 0
        """Bytes now."""

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<Memory {len(self)} entries, {self.size} of {self._max_size} bytes>"

    def read(self, key: str, now: float) -> bytes | None:
        """The value; None where there is none, or no longer."""
        value = self._live(key, now)
        if value is None:
            self.stats.misses += 1
            return None
        self.stats.hits += 1
        self._eviction.used(key)
        return value

    def write(self, key: str, value: bytes, ttl: float, now: float) -> None:
        """Keep the value for `ttl` seconds. One that is too large only displaces the old one."""
        self.remove(key)
        cost = _cost(key, value)
        if ttl <= 0 or len(value) > self.max_object or cost > self._max_size:
            self.stats.dropped += ttl > 0
            return
        while self.size + cost > self._max_size:
            self.remove(self._eviction.victim())
            self.stats.evicted += 1
        self._entries[key] = _Entry(value, now + ttl)
        self._eviction.added(key, cost)
        self._resize(cost)
        self.stats.writes += 1

    def insert(self, key: str, value: bytes, ttl: float, now: float) -> bool:
        """Keep the value if there is none; whether there was none."""
        if self._live(key, now) is not None:
            return False
        self.write(key, value, ttl, now)
        return True

    def remove(self, key: str) -> None:
        """Forget the key, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._eviction.removed(key)
            self._resize(-_cost(key, entry.value))

    def clear(self) -> None:
        """Forget everything."""
        for key in tuple(self._entries):
            self.remove(key)

    def snapshot(self) -> dict[str, int]:
        """How it stands, for people."""
        return {"entries": len(self), "bytes": self.size, "max_bytes": self._max_size}

    def _live(self, key: str, now: float) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires <= now:
            self.remove(key)
            return None
        return entry.value

    def _resize(self, change: int) -> None:
        self.size += change
        self.stats.bytes = self.size
        self.stats.entries = len(self._entries)


def _cost(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY


class MemoryStore:
    """A `Store` in this process: never waits, never fails."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self.memory = memory
        self._clock = clock

    @property
    def max_object(self) -> int:
        """Bytes of the longest value that it keeps."""
        return self.memory.max_object

    async def get(self, key: str) -> bytes | None:
        """What is kept under `key`."""
        return self.memory.read(key, self._clock.now())

    async def get_all(self, keys: Sequence[str]) -> list[bytes | None]:
        """What is kept under each key."""
        return [await self.get(key) for key in keys]

    async def set(self, key: str, value: bytes, ttl: float) -> None:
        """Keep `value` for `ttl` seconds."""
        self.memory.write(key, value, ttl, self._clock.now())

    async def add(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep `value` if nothing is there; whether nothing was."""
        return self.memory.insert(key, value, ttl, self._clock.now())

    def soon(self, key: str, value: bytes | None, ttl: float, *, needed: bool = False) -> bool:
        """As `set`, or as `delete` where `value` is None; here, at once."""
        del needed  # nothing waits
        if value is None:
            self.memory.remove(key)
        else:
            self.memory.write(key, value, ttl, self._clock.now())
        return False

    async def delete(self, key: str) -> None:
        """Forget what is there."""
        self.memory.remove(key)

    async def version(self) -> None:
        """Unknown: several may hold the same memory."""

    async def close(self) -> None:
        """Nothing to give back."""
