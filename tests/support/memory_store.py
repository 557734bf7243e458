"""A store in this process, in the place of a shared one. What has expired is dropped when met."""

from collections.abc import Sequence
from typing import NamedTuple

from sidecar.clock import Clock


class _Entry(NamedTuple):
    value: bytes
    expires: float


class Memory:
    """Bytes by key, for a while.

    Args:
        max_object: bytes of one value; a larger one is not kept.
    """

    def __init__(self, max_object: int = 1 << 20) -> None:
        self.max_object = max_object
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def read(self, key: str, now: float) -> bytes | None:
        """The value; None where there is none, or no longer."""
        entry = self._entries.get(key)
        if entry is None or entry.expires > now:
            return None if entry is None else entry.value
        self.remove(key)
        return None

    def write(self, key: str, value: bytes, ttl: float, now: float) -> None:
        """Keep the value for `ttl` seconds. One that is too large only displaces the old one."""
        self.remove(key)
        if len(value) <= self.max_object:
            self._entries[key] = _Entry(value, now + ttl)

    def insert(self, key: str, value: bytes, ttl: float, now: float) -> bool:
        """Keep the value if there is none; whether there was none."""
        if self.read(key, now) is not None:
            return False
        self.write(key, value, ttl, now)
        return True

    def remove(self, key: str) -> None:
        """Forget the key, if it is there."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


class MemoryStore:
    """A `Store` over it: never waits, never fails."""

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
