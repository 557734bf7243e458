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
    needed: bool = False
    """Whether it goes before others, and none of them takes its place."""

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
        most: how many keys may wait; then the oldest is given up. As many that are needed may.
        most_bytes: how much may wait; likewise.
    """

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._needed: OrderedDict[str, Write] = OrderedDict()
        self._writes: OrderedDict[str, Write] = OrderedDict()
        self._bytes = 0
        self.lost = 0
        """Writes that were needed and given up."""

    def __len__(self) -> int:
        return len(self._needed) + len(self._writes)

    def get(self, key: str) -> Write | None:
        """What is to be written under `key`."""
        return self._needed.get(key) or self._writes.get(key)

    def first(self) -> tuple[str, Write]:
        """What to write next; it stays until `done`. There is at least one."""
        return next(iter((self._needed or self._writes).items()))

    def put(self, key: str, write: Write) -> int:
        """Queue a write, instead of an older one of the key; how many had to be given up."""
        self.done(key, self.get(key))
        (self._needed if write.needed else self._writes)[key] = write
        self._bytes += write.size
        dropped = 0
        while len(self._needed) > self._most:
            self._give_up(self._needed)
            self.lost += 1
            dropped += 1
        while self._writes and (len(self._writes) > self._most or self._bytes > self._most_bytes):
            self._give_up(self._writes)
            dropped += 1
        return dropped

    def _give_up(self, writes: OrderedDict[str, Write]) -> None:
        self.done(*next(iter(writes.items())))

    def done(self, key: str, write: Write | None) -> None:
        """It is written or given up; a newer write of the key stays."""
        for writes in (self._needed, self._writes):
            if write is not None and writes.get(key) is write:
                del writes[key]
                self._bytes -= write.size
