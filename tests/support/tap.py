"""A recording TCP relay: forwards bytes as they come and keeps each HTTP/1.1 exchange it saw.

It changes nothing. What it compares are messages, so chunks are joined; connections are not kept.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import cast
from weakref import WeakSet

from tests.support.background import in_thread

LIMIT = 1 << 20
_CHALLENGE = re.compile(rb'("code_challenge":)"[^"]*"')
_BOUNDARY = re.compile(rb'boundary="?([^";\r\n]+)')
HOP = frozenset({b"date", b"connection", b"keep-alive", b"transfer-encoding"})
"""Fields that differ between two runs, or belong to one connection (RFC 9110 §7.6.1)."""

Fields = tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)
class Message:
    """A request or a response as it was on the wire, its chunks joined."""

    line: bytes
    fields: Fields
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def values(self, name: bytes) -> list[bytes]:
        """The values of a field, in lower case."""
        return [value.lower() for key, value in self.fields if key.lower() == name]

    @property
    def chunked(self) -> bool:
        """Whether the body came in chunks."""
        return self.values(b"transfer-encoding") == [b"chunked"]

    def end_to_end(self) -> list[tuple[bytes, bytes]]:
        """The fields without those of one connection and the date, in order."""
        return [(key, value) for key, value in self.fields if key.lower() not in HOP]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response."""

    request: Message
    response: Message

    @property
    def target(self) -> str:
        """Method and raw target."""
        method, target, _ = self.request.line.decode("latin-1").split(" ", 2)
        return f"{method} {target}"

    def sent(self) -> bytes:
        """The request's body without what clients make up: multipart boundary, PKCE challenge."""
        found = _BOUNDARY.search(b"".join(self.request.values(b"content-type")))
        body = _CHALLENGE.sub(rb'\1""', bytes(self.request.body))
        if not found:
            return body
        return re.sub(re.escape(found[1]), b"boundary", body, flags=re.IGNORECASE)


@dataclass(slots=True)
class Tap:
    """A relay that runs, and what it has seen. `origin` is where it forwards to."""

    port: int
    origin: str
    exchanges: list[Exchange] = field(default_factory=list)
    connections: WeakSet[asyncio.Task[None]] = field(default_factory=WeakSet)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port}"

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections.add(cast("asyncio.Task[None]", asyncio.current_task()))
        host, _, port = self.origin.removeprefix("http://").partition(":")
        there, back = await asyncio.open_connection(host, int(port), limit=LIMIT)
        asked: asyncio.Queue[Message] = asyncio.Queue()
        ways = (self._requests(reader, back, asked), self._responses(there, writer, asked))
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            # Either side may end the connection; the other then learns it from the close.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0].done() and not tasks[1].done() and back.can_write_eof():
                back.write_eof()
                await asyncio.wait(tasks, timeout=1.0)
        except asyncio.CancelledError:
            pass  # the relays end: nobody waits for this connection
        for task in tasks:
            task.cancel()
        for end in (writer, back):
            end.close()
        closed = (end.wait_closed() for end in (writer, back))
        await asyncio.gather(*tasks, *closed, return_exceptions=True)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: asyncio.Queue[Message],
    ) -> None:
        while (request := await _head(reader, writer)) is not None:
            asked.put_nowait(request)
            length = b"".join(request.values(b"content-length"))
            await _body(request, reader, writer, length=int(length or 0))

    async def _responses(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asked: asyncio.Queue[Message],
    ) -> None:
        while (response := await _head(reader, writer)) is not None:
            status = int(response.line.split(b" ", 2)[1])
            if status < 200:
                continue
            request = await asked.get()
            self.exchanges.append(Exchange(request, response))
            if request.line.startswith(b"HEAD ") or status in (204, 304):
                response.complete = True
                continue
            lengths = response.values(b"content-length")
            length = int(lengths[0]) if lengths else None
            await _body(response, reader, writer, length=length)


async def _pass(data: bytes, writer: asyncio.StreamWriter, into: bytearray | None = None) -> bytes:
    writer.write(data)
    await writer.drain()
    if into is not None:
        into += data
    return data


async def _head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Message | None:
    try:
        raw = await _pass(await reader.readuntil(b"\r\n\r\n"), writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    line, *rest = raw[:-4].split(b"\r\n")
    fields = [field_line.split(b":", 1) for field_line in rest]
    return Message(line, tuple((name, value.strip()) for name, value in fields))


async def _body(
    message: Message,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    length: int | None,
) -> None:
    """Pass a body on, whole or as far as it comes."""
    if message.chunked:
        while True:
            size = int((await _pass(await reader.readuntil(b"\r\n"), writer)).split(b";")[0], 16)
            await _counted(message, reader, writer, size)
            await _pass(await reader.readuntil(b"\r\n"), writer)
            if not size:
                break
    else:
        await _counted(message, reader, writer, length)
    message.complete = True


async def _counted(
    message: Message,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    length: int | None,
) -> None:
    left = length
    while left != 0:
        data = await reader.read(min(LIMIT, left) if left is not None else LIMIT)
        if not data:
            if left is None:
                return
            raise asyncio.IncompleteReadError(b"", left)
        await _pass(data, writer, message.body)
        left = left - len(data) if left is not None else None


@contextmanager
def taps(*pairs: tuple[int, str]) -> Iterator[list[Tap]]:
    """Relays on the given ports (0 for any) to the given origins, in a thread of their own."""
    with in_thread(lambda: _relaying(pairs), "the relays") as running:
        yield running


@asynccontextmanager
async def _relaying(pairs: tuple[tuple[int, str], ...]) -> AsyncIterator[list[Tap]]:
    running, servers = [], []
    for port, origin in pairs:
        tap = Tap(port, origin)
        server = await asyncio.start_server(tap.relay, "127.0.0.1", port, limit=LIMIT)
        tap.port = server.sockets[0].getsockname()[1]
        running.append(tap)
        servers.append(server)
    try:
        yield running
    finally:
        for server in servers:
            server.close()
        tasks = [task for tap in running for task in tap.connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
