"""A response's body that several read, each from its beginning, as it arrives.

Knows bodies; nothing of who reads them, or why.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.errors import Draining, ExchangeError, TruncatedBody
from sidecar.exchange import Body, Response

_LAG = 256 * 1024
"""Bytes that the fastest reader of a body that is not kept may be ahead of the slowest."""

_STALL = 5.0
"""Seconds after which a reader that others wait for, and that has not moved, is cut off."""


@dataclass(slots=True, eq=False)
class Broadcast:
    """A response's body that several read, each from its beginning, as it arrives.

    It is read to its end whether or not anybody is left, so that it can be kept. A body that turns
    out longer than `most` is not kept: then it is read as fast as the slowest reader goes, and no
    further than somebody reads.
    """

    response: Response
    most: int
    done: Callable[[bytes | None], None]
    """Called once at the end: with the whole body, or None if it broke or was too long."""
    _chunks: list[bytes] = field(init=False, default_factory=list)
    _dropped: int = field(init=False, default=0)
    """Chunks at the front that were given up because all readers have passed them."""
    _held: int = field(init=False, default=0)
    """Bytes of the chunks that are here."""
    _kept: bool = field(init=False, default=True)
    _ended: bool = field(init=False, default=False)
    error: ExchangeError | None = field(init=False, default=None)
    """Why it has no end."""
    _readers: list["Reader"] = field(init=False, default_factory=list)
    _moved: asyncio.Event = field(init=False, default_factory=asyncio.Event)

    @property
    def joinable(self) -> bool:
        """Whether a reader that comes now still gets all of it."""
        return self._kept and self.error is None

    def reader(self) -> "Reader":
        """One more who reads it from its beginning."""
        assert self.joinable, "its beginning is gone"
        reader = Reader(self)
        self._readers.append(reader)
        return reader

    async def pump(self) -> None:
        """Read the response to its end, and close it. Raises nothing but when cancelled."""
        try:
            while data := await self.response.body.read():
                self._add(data)
                if not self._kept and not await self._may_go_on():
                    break
            else:
                self._ended = True
            self.response.close()
        except ExchangeError as error:
            self.error = error
            self.response.close(error)
        except BaseException as error:
            self.error = Draining("the sidecar gave the call up", sent=True)
            self.response.close(error)
            raise
        finally:
            self._wake()
            self.done(b"".join(self._chunks) if self._ended and self._kept else None)

    def _add(self, data: bytes) -> None:
        self._chunks.append(data)
        self._held += len(data)
        if self._held > self.most:
            self._kept = False
        self._wake()

    async def _may_go_on(self) -> bool:
        """Wait until the slowest reader is near; False when nobody is left."""
        while self._readers:
            slowest = min(reader.at for reader in self._readers)
            self._drop(slowest - self._dropped)
            if self._held <= _LAG:
                return True
            self._moved.clear()
            try:
                async with asyncio.timeout(_STALL):
                    await self._moved.wait()
            except TimeoutError:
                self._cut_off(slowest)
        return False

    def _drop(self, count: int) -> None:
        self._held -= sum(map(len, self._chunks[:count]))
        del self._chunks[:count]
        self._dropped += count

    def _cut_off(self, slowest: int) -> None:
        """Let those go on who wait for the slowest. One that nobody waits for takes its time."""
        behind = [reader for reader in self._readers if reader.at == slowest]
        if len(behind) == len(self._readers):
            return
        for reader in behind:
            reader.cut_off()
            self._readers.remove(reader)

    def _wake(self) -> None:
        for reader in self._readers:
            reader.arrived.set()

    def next_chunk(self, at: int) -> bytes | None:
        """The chunk at that position; b"" at the end, None where it has not arrived."""
        if at < self._dropped + len(self._chunks):
            return self._chunks[at - self._dropped]
        return b"" if self._ended else None

    def leave(self, reader: "Reader") -> None:
        """That reader will read no more."""
        if reader in self._readers:
            self._readers.remove(reader)
            self._moved.set()

    def moved(self) -> None:
        """A reader has gone on."""
        if not self._kept:
            self._moved.set()


class Reader:
    """A body: one reader's view of a Broadcast."""

    __slots__ = ("_broadcast", "_error", "arrived", "at")

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self.at = 0
        self.arrived = asyncio.Event()
        self._error: ExchangeError | None = None

    @property
    def length(self) -> int | None:
        """As the upstream declared it."""
        body: Body = self._broadcast.response.body
        return body.length

    def take(self) -> bytes | None:
        """The next chunk, if it has arrived."""
        if self._error is not None:
            return None
        chunk = self._broadcast.next_chunk(self.at)
        if chunk:
            self.at += 1
            self._broadcast.moved()
        return chunk

    async def read(self) -> bytes:
        """The next chunk; b"" at the end.

        Raises:
            ExchangeError: the body broke, or this reader was too slow for the others.
        """
        while (chunk := self.take()) is None:
            if (error := self._error or self._broadcast.error) is not None:
                raise error
            self.arrived.clear()
            await self.arrived.wait()
        return chunk

    def cut_off(self) -> None:
        """Go on without it: it gets no end."""
        text = "others waited for the same answer, and this reader did not go on"
        self._error = TruncatedBody(text, code="truncated_body")
        self.arrived.set()

    def leave(self) -> None:
        """Read no more."""
        self._broadcast.leave(self)
