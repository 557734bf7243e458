"""WebSockets made of frames that nobody checks: an upstream, a client, a sidecar between them."""

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sidecar.config import Address, Limits
from sidecar.config.websocket import Websocket
from sidecar.core.websocket import accept_of
from tests.support import wire
from tests.support.builders import config, upstream
from tests.support.raw import RawClient, connected
from tests.support.sidecar import Running, running_sidecar
from tests.support.websocket_frames import CLOSE, Frame, closing, frame, masked

PATIENCE = 10.0


@dataclass(eq=False)
class Peer:
    """One end of a WebSocket, client or server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_client: bool
    head: bytes = b""
    """What the other end opened with: a request, or the answer to one."""

    async def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        """Send one frame."""
        mask = os.urandom(4) if self.is_client else None
        self.writer.write(frame(opcode, payload, **{"mask": mask, **options}))
        await self.writer.drain()

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame."""
        await self.send(CLOSE, closing(code, reason))

    async def receive(self) -> Frame:
        """The next frame.

        Raises:
            asyncio.IncompleteReadError: the connection ended.
            ConnectionError: it was broken off.
        """
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            mask = await self.reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
            payload = masked(await self.reader.readexactly(size), mask)
        return Frame(
            first & 0x0F, payload, bool(first & 0x80), bool(second & 0x80), first >> 4 & 0x07
        )

    async def end(self) -> str:
        """How the connection ends: `eof` or `reset`; frames before that are skipped."""
        try:
            async with asyncio.timeout(PATIENCE):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return "reset"
        return "eof"

    def leave(self) -> None:
        """Close the connection."""
        self.writer.close()

    def reset(self) -> None:
        """Leave with a TCP reset."""
        wire.reset(self.writer.transport)

    @property
    def fields(self) -> dict[str, str]:
        """The fields of `head`, names in lower case."""
        return {
            name.decode().lower(): value.decode("latin-1") for name, value in wire.fields(self.head)
        }


Play = Callable[[Peer], Awaitable[None]]
Answer = Callable[[dict[str, str]], bytes]


async def echo(peer: Peer) -> None:
    """Send every frame back as it came, a close frame included, and then close."""
    while True:
        got = await peer.receive()
        await peer.send(got.opcode, got.payload, fin=got.fin, rsv=got.rsv)
        if got.opcode == CLOSE:
            return


def switching(fields: dict[str, str], *more: str) -> bytes:
    """A valid 101."""
    accept = accept_of(fields["sec-websocket-key"].encode()).decode()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
        *more,
    )
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@dataclass(eq=False)
class WebSocketUpstream:
    """A server that answers each handshake with `answer` and then plays `play`."""

    play: Play = echo
    answer: Answer = switching
    peers: list[Peer] = field(default_factory=list)
    url: str = ""
    host: str = ""
    _server: asyncio.Server | None = None

    async def stop(self) -> None:
        """Listen no more, and end every connection."""
        assert self._server is not None
        self._server.close()
        for peer in self.peers:
            peer.writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            head = await reader.readuntil(b"\r\n\r\n")
            peer = Peer(reader, writer, is_client=False, head=head)
            self.peers.append(peer)
            answer = self.answer(peer.fields)
            writer.write(answer)
            if b" 101 " in answer:
                await self.play(peer)
        writer.close()

    @asynccontextmanager
    async def running(
        self, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator["WebSocketUpstream"]:
        """Serve until the block ends."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
        port = self._server.sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        try:
            yield self
        finally:
            await self.stop()


@asynccontextmanager
async def tunnelled(
    play: Play = echo,
    *,
    answer: Answer = switching,
    base: str = "",
    server_tls: ssl.SSLContext | None = None,
    listen: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    drain_timeout: float = 5.0,
    websocket: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[Running, WebSocketUpstream]]:
    """A WebSocket server behind a sidecar, as the upstream `api`."""
    async with WebSocketUpstream(play, answer).running(server_tls) as origin:
        subject = upstream(origin.url + base, websocket=Websocket(**(websocket or {})), **settings)
        whole = config(
            upstreams={"api": subject},
            listen=listen,
            limits=Limits(**(limits or {})),
            drain_timeout=drain_timeout,
        )
        async with running_sidecar(whole) as running:
            yield running, origin


def key() -> str:
    """A new Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16)).decode()


def handshake(target: str = "/api/ws", *more: str, host: str = "sidecar.test") -> bytes:
    """A valid handshake as bytes."""
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Connection: keep-alive, Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key()}",
        *more,
    )
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


@asynccontextmanager
async def opened(
    address: Address,
    target: str = "/api/ws",
    *more: str,
    host: str = "sidecar.test",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Peer]:
    """A WebSocket of a client that is open."""
    async with connected(address, tls=tls) as client:
        yield await open_on(client, handshake(target, *more, host=host))


async def open_on(client: RawClient, request: bytes) -> Peer:
    """Send a handshake, and anything behind it; the WebSocket once it is open."""
    await client.send(request)
    head = await client.head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    return Peer(client.reader, client.writer, is_client=True, head=head)
