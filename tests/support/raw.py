"""A raw client: it sends exact bytes, reads exact bytes, and tells how a message ended."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sidecar.config import Address
from tests.support.wire import fields, reset

End: TypeAlias = Literal["framed", "eof", "short", "reset"]
"""framed: complete by its framing; eof: until close; short, reset: broken before its end."""

PATIENCE = 10.0


@dataclass(slots=True)
class RawResponse:
    """A response as bytes, and how it ended."""

    head: bytes
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)
    end: End = "framed"
    interim: list[bytes] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def reason(self) -> bytes:
        """The reason phrase."""
        return [*self.head.split(b"\r\n", 1)[0].split(b" ", 2), b""][2]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Fields in order, names as sent."""
        return fields(self.head)

    def values(self, name: str) -> list[bytes]:
        """The values of a field, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower().encode()]

    def value(self, name: str) -> str:
        """The value of a field that must be there once."""
        (value,) = self.values(name)
        return value.decode("latin-1")

    @property
    def error(self) -> str | None:
        """The code of the sidecar's own error, if it is one."""
        values = self.values("x-sidecar-error")
        return values[0].decode() if values else None


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Write exactly this."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        """The next head, interim or final, with its empty line."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def some(self, size: int = 65536) -> bytes:
        """What comes next; b"" at the end."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read(size)

    async def chunk(self) -> bytes:
        """The next chunk of a chunked body; b"" for the last."""
        async with asyncio.timeout(PATIENCE):
            size = int((await self.reader.readuntil(b"\r\n")).strip(), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def response(self, *, bodyless: bool = False) -> RawResponse:
        """The next final response, with its body. `bodyless` is for the answer to HEAD."""
        interim = []
        while (head := await self.head()).split(b" ")[1].startswith(b"1"):
            interim.append(head)
        answer = RawResponse(head, interim=interim)
        if not bodyless and answer.status not in (204, 304):
            async with asyncio.timeout(PATIENCE):
                await self._body(answer)
        return answer

    async def _body(self, answer: RawResponse) -> None:
        try:
            if answer.values("transfer-encoding"):
                while chunk := await self.chunk():
                    answer.chunks.append(chunk)
                    answer.body += chunk
            elif lengths := answer.values("content-length"):
                await self._counted(answer, int(lengths[0]))
            else:
                answer.end = "eof"
                while data := await self.reader.read(65536):
                    answer.body += data
        except asyncio.IncompleteReadError:
            answer.end = "short"
        except ConnectionError:
            answer.end = "reset"

    async def _counted(self, answer: RawResponse, length: int) -> None:
        while len(answer.body) < length:
            data = await self.reader.read(length - len(answer.body))
            if not data:
                answer.end = "short"
                return
            answer.body += data

    async def rest(self) -> bytes:
        """Everything until the connection ends, however it ends."""
        received = b""
        try:
            while data := await self.some():
                received += data
        except ConnectionError:
            pass
        return received

    def reset(self) -> None:
        """Leave with a TCP reset."""
        reset(self.writer.transport)

    def leave(self) -> None:
        """Close the connection."""
        self.writer.close()


@asynccontextmanager
async def connected(
    address: Address, *, tls: ssl.SSLContext | None = None, limit: int = 2**16
) -> AsyncIterator[RawClient]:
    """A connection to `address`; reads at most twice `limit` bytes ahead."""
    if address.path:
        reader, writer = await asyncio.open_unix_connection(address.path, limit=limit)
    else:
        reader, writer = await asyncio.open_connection(
            address.host, address.port, ssl=tls, limit=limit
        )
    try:
        yield RawClient(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def ask(address: Address, data: bytes, *, tls: ssl.SSLContext | None = None) -> RawResponse:
    """Send one request on a connection of its own; its answer."""
    async with connected(address, tls=tls) as client:
        await client.send(data)
        return await client.response(bodyless=data.startswith(b"HEAD "))


def get(target: str = "/api/x", *headers: str, host: str = "sidecar.test") -> bytes:
    """A GET as bytes."""
    return call("GET", target, *headers, host=host)


def call(
    method: str,
    target: str = "/api/x",
    *headers: str,
    content: bytes | None = None,
    host: str = "sidecar.test",
) -> bytes:
    """A request as bytes; `content` adds its Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if content is not None:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (content or b"")
