"""A broadcast of a body that a test feeds."""

import asyncio

from sidecar.exchange import Response
from sidecar.flights.broadcast import Broadcast, Reader


class Fed:
    """A body that the test feeds."""

    length: int | None = None

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | BaseException] = asyncio.Queue()
        self.read_so_far = 0

    def take(self) -> bytes | None:
        """Nothing is at hand."""
        return None

    async def read(self) -> bytes:
        """The next piece, once it is fed."""
        item = await self.queue.get()
        if isinstance(item, BaseException):
            raise item
        self.read_so_far += len(item)
        return item


class World:
    """A broadcast that keeps what is no longer than `most` bytes."""

    def __init__(self, most: int = 100) -> None:
        self.body = Fed()
        self.kept: list[bytes | None] = []
        self.closed: list[BaseException | None] = []
        response = Response(200, b"OK", [], self.body)
        response.on_close(self.closed.append)
        self.broadcast = Broadcast(response, most, self.kept.append)

    def start(self) -> None:
        """Begin to read the body."""
        self.pump = asyncio.create_task(self.broadcast.pump())

    async def feed(self, *items: bytes | BaseException) -> None:
        """So much of it arrives."""
        for item in items:
            self.body.queue.put_nowait(item)
        await asyncio.sleep(0.001)


async def everything(reader: Reader) -> bytes:
    """All that a reader gets."""
    data = b""
    while chunk := await reader.read():
        data += chunk
    return data
