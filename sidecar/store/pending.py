"""Writes that wait for a store, in order, the newest for each key only. Bounded; knows no store."""

from collections import OrderedDict
from dataclasses import dataclass

_MOST = 4096
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Write:
    """What is to be written: a value with its end, or None to delete."""

    value: bytes | None
    expires: float
    tries: int = 0

    def at(self, now: float) -> bytes | None:
        """What a reader finds once this is written."""
        return self.value if self.expires > now else None

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return len(self.value or b"")


class Pending:
    """A queue in which a key has one place. Whoever reads a key asks here first.

    Args:
        most: how many keys may wait; then the oldest is given up.
        most_bytes: how much may wait; likewise.
    """

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._writes: OrderedDict[str, Write] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._writes)

    def get(self, key: str) -> Write | None:
        """What is to be written under `key`."""
        return self._writes.get(key)

    def first(self) -> tuple[str, Write]:
        """What to write next; it stays until `done`. There is at least one."""
        return next(iter(self._writes.items()))

    def put(self, key: str, write: Write) -> int:
        """Queue a write, instead of an older one of the key; how many had to be given up."""
        self.done(key, self._writes.get(key))
        self._writes[key] = write
        self._bytes += write.size
        dropped = 0
        while len(self._writes) > self._most or self._bytes > self._most_bytes:
            self.done(*self.first())
            dropped += 1
        return dropped

    def done(self, key: str, write: Write | None) -> None:
        """It is written or given up; a newer write of the key stays."""
        if write is not None and self._writes.get(key) is write:
            del self._writes[key]
            self._bytes -= write.size
