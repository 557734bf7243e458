"""A scripted upstream on a raw socket: it records every byte and plays steps, valid HTTP or not.

A script is a tuple of steps (`tests.support.steps`), one script for each request in the order of
arrival; the last one repeats. A callable chooses the script from the request instead.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias, cast

from tests.support.wire import RequestReader, WireRequest

Step: TypeAlias = Callable[["Connection", WireRequest], Awaitable[None]]
Script: TypeAlias = Sequence[Step]


class Connection(asyncio.Protocol):
    """One accepted connection, and what happened on it."""

    transport: asyncio.Transport

    def __init__(self, upstream: "Upstream") -> None:
        self.upstream = upstream
        self.reader = RequestReader(keep=upstream.keep)
        self.received = bytearray()
        self.bytes_sent = 0
        self.ended = asyncio.Event()
        """The sidecar closed or reset it, or this side closed it."""
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._played = 0
        self._player: asyncio.Task[None] | None = None
        self.later: list[asyncio.Task[None]] = []

    @property
    def requests(self) -> list[WireRequest]:
        """The requests that arrived on it."""
        return self.reader.requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.upstream.connections.append(self)
        self._player = asyncio.ensure_future(self._play())
        if self.upstream.deaf:
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        if self.upstream.keep:
            self.received += data
        before = len(self.requests)
        self.reader.feed(data)
        if len(self.requests) > before:
            self.upstream.requests.extend(self.requests[before:])
            self._arrived.set()

    def eof_received(self) -> bool:
        self.ended.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self._writable.set()
        for task in (self._player, *self.later):
            if task is not None:
                task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def send(self, data: bytes) -> None:
        """Write `data` and wait while the other side does not read."""
        if self.ended.is_set():
            return
        self.transport.write(data)
        self.bytes_sent += len(data)
        await self._writable.wait()

    def forget(self) -> None:
        """Drop the records of requests that were played."""
        del self.requests[: self._played]
        self._played = 0
        self.received.clear()

    async def _play(self) -> None:
        await self.upstream.play_greeting(self)
        while True:
            while self._played < len(self.requests):
                request = self.requests[self._played]
                self._played += 1
                for step in self.upstream.next_script(request):
                    await step(self, request)
            self._arrived.clear()
            await self._arrived.wait()


class Upstream:
    """`async with Upstream(script, …) as upstream`; then `url`, `connections`, `requests`."""

    def __init__(
        self,
        *scripts: Script,
        choose: Callable[[WireRequest], Script] | None = None,
        tls: ssl.SSLContext | None = None,
        greeting: Script = (),
        keep: bool = True,
        deaf: bool = False,
        port: int = 0,
    ) -> None:
        self.connections: list[Connection] = []
        self.requests: list[WireRequest] = []
        self.keep = keep
        """Whether bytes are recorded; else only counted, for large bodies."""
        self.deaf = deaf
        """Never reads."""
        self._scripts = list(scripts)
        self._choose = choose
        self._tls = tls
        self._greeting = greeting
        self._server: asyncio.Server | None = None
        self.port = port

    @property
    def url(self) -> str:
        """Its origin, by address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def host(self) -> bytes:
        """What its Host header should be."""
        return b"127.0.0.1:%d" % self.port

    @property
    def open_connections(self) -> int:
        """Connections that have not ended."""
        return sum(not connection.ended.is_set() for connection in self.connections)

    def forget(self) -> None:
        """Drop all records of what is over, so that long runs stay flat."""
        self.requests.clear()
        self.connections[:] = [each for each in self.connections if not each.ended.is_set()]
        for connection in self.connections:
            connection.forget()

    def next_script(self, request: WireRequest) -> Script:
        """The script of the next request."""
        if self._choose is not None:
            return self._choose(request)
        return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]

    async def play_greeting(self, connection: Connection) -> None:
        """Steps before any request."""
        for step in self._greeting:
            await step(connection, WireRequest(b""))

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            for task in (connection._player, *connection.later):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, ConnectionError):
                        await task
            connection.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)
