"""Shows calls to the observer as they begin, and takes a digest of what reads are answered with.

Holds nothing back and changes nothing. Which calls are looked at is the observer's to say.
"""

from dataclasses import dataclass
from zlib import crc32

from sidecar.exchange import Body, Exchange, Handler, Layer, Response
from sidecar.observing import Observer
from sidecar.observing.observer import Looked

_LONGEST = 256 * 1024
"""Bytes of a body of which a digest is taken."""


@dataclass(slots=True, eq=False)
class DigestedBody:
    """A body whose bytes are summed up as they go by; a CRC-32 is enough to count, and quick."""

    body: Body
    looked: Looked
    _sum: int = 0
    _size: int = 0

    @property
    def length(self) -> int | None:
        """As declared."""
        return self.body.length

    def take(self) -> bytes | None:
        """What can be had without waiting."""
        data = self.body.take()
        if data is not None:
            self._see(data)
        return data

    async def read(self) -> bytes:
        """The next chunk; b"" at the end."""
        data = await self.body.read()
        self._see(data)
        return data

    def _see(self, data: bytes) -> None:
        if self._size > _LONGEST:
            return
        if data:
            self._sum = crc32(data, self._sum)
            self._size += len(data)
        if not data or self._size == self.body.length:  # nobody asks for an end that is declared
            self.looked.digest = self._sum ^ self._size << 32


@dataclass(frozen=True, slots=True)
class LearnLayer:
    """Has one route's calls looked at."""

    next: Handler
    observer: Observer

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on."""
        looked = self.observer.begin(exchange)
        response = await self.next(exchange)
        if looked is not None and response.source == "upstream" and response.status == 200:
            length = response.body.length
            if exchange.request.method == "GET" and (length is None or length <= _LONGEST):
                response.body = DigestedBody(response.body, looked)
        return response


def learn(observer: Observer) -> Layer:
    """The layer of one route."""
    return lambda next_: LearnLayer(next_, observer)
