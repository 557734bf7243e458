"""A request as it arrives: its head, and a body that may still be on its way.

Filled by what reads the connection, emptied by whoever answers. Does no I/O itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.errors import ExchangeError
from sidecar.exchange import RawHeaders
from sidecar.waiting import Signal

HIGH_WATER = 128 * 1024
"""Unread bytes of a body at which nothing more is read from the connection."""


class Arriving:
    """The bytes of one request's body, unchunked.

    Args:
        loop: where its reader waits.
        drained: called when all that had arrived is taken.
    """

    __slots__ = ("_changed", "_chunks", "_drained", "_error", "_unwanted", "buffered", "complete")

    def __init__(self, loop: asyncio.AbstractEventLoop, drained: Callable[[], None]) -> None:
        self._chunks: deque[bytes] = deque()
        self._changed = Signal(loop)
        self._drained = drained
        self._error: ExchangeError | None = None
        self._unwanted = False
        self.buffered = 0
        self.complete = False
        """Whether its last byte has arrived."""

    def __repr__(self) -> str:
        return f"<Arriving {self.buffered} unread, {'complete' if self.complete else 'open'}>"

    def feed(self, data: bytes) -> None:
        """Some of it came."""
        if not self._unwanted:
            self._chunks.append(data)
            self.buffered += len(data)
            self._changed.set()

    def finish(self) -> None:
        """All of it came."""
        self.complete = True
        self._changed.set()

    def fail(self, error: ExchangeError) -> None:
        """No more of it will come: its sender left, or what came is broken."""
        if not self.complete and self._error is None:
            self._error = error
            self._changed.set()

    def discard(self) -> None:
        """Nobody reads it any more: what still comes is dropped."""
        self._unwanted = True
        self._chunks.clear()
        self.buffered = 0
        self._drained()

    @property
    def is_over(self) -> bool:
        """Whether all of it was taken."""
        return self.complete and not self._chunks

    def take(self) -> bytes | None:
        """What has arrived; b"" at the end, None when nothing has.

        Raises:
            ExchangeError: the rest will not come.
        """
        if self._error is not None:
            raise self._error
        if not self._chunks:
            return b"" if self.complete else None
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self.buffered = 0
        self._drained()
        return data

    async def read(self) -> bytes:
        """The next bytes; b"" at the end.

        Raises:
            ExchangeError: the rest will not come.
        """
        while (data := self.take()) is None:
            await self._changed.wait()
        return data


@dataclass(slots=True, eq=False)
class Incoming:
    """One request's head, and how it was framed."""

    method: str
    target: str
    """Byte for byte; what is not UTF-8 is escaped (`surrogateescape`)."""
    version: str
    """As `1.1`; that of another version than 1.1 or 1.0 is for others to refuse."""
    headers: RawHeaders
    keep_alive: bool
    """Whether the client may send another request behind it (RFC 9112 §9.3)."""
    body: Arriving
    switching: bool = False
    """Whether the bytes behind it are not HTTP, if the answer is 101."""

    @property
    def modern(self) -> bool:
        """Whether the client knows chunks and interim answers."""
        return self.version == "1.1"
