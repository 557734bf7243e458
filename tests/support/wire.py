"""HTTP/1.1 as bytes: an incremental reader of requests, chunked coding, a connection's reset.

Lenient on purpose: it reads what the product sent, whatever that is, and never judges it.
"""

import asyncio
import hashlib
import socket
import struct
from dataclasses import dataclass, field


@dataclass(eq=False)
class WireRequest:
    """One request as it arrived; `body` is decoded from its framing."""

    head: bytes
    keep: bool = True
    body: bytearray = field(default_factory=bytearray)
    size: int = 0
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def line(self) -> bytes:
        """The request line."""
        return self.head.split(b"\r\n", 1)[0]

    @property
    def method(self) -> bytes:
        """The method."""
        return self.line.split(b" ", 1)[0]

    @property
    def target(self) -> bytes:
        """The target, byte for byte."""
        return self.line.split(b" ", 1)[1].rsplit(b" ", 1)[0]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Fields in order, names as sent."""
        return fields(self.head)

    def values(self, name: bytes) -> list[bytes]:
        """The values of a field, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def add(self, data: bytes) -> None:
        """Take body bytes: kept, or only counted."""
        self.size += len(data)
        self.digest.update(data)
        if self.keep:
            self.body += data


def fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """The header fields of a head, in order, names as sent, values without outer blanks."""
    lines = head.rstrip(b"\r\n").split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines)
    return [(name, value.strip(b" \t")) for name, _, value in pairs]


def reset(transport: asyncio.WriteTransport) -> None:
    """End a connection with a TCP reset."""
    raw: socket.socket = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def chunked(*chunks: bytes, end: bool = True) -> bytes:
    """The chunked coding of `chunks`; without its end when `end` is false."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return coded + b"0\r\n\r\n" if end else coded


class RequestReader:
    """Cuts a stream of bytes into requests. `requests` grows; each completes on its own."""

    def __init__(self, *, keep: bool = True) -> None:
        self.requests: list[WireRequest] = []
        self._keep = keep
        self._buffer = bytearray()
        self._left = 0
        self._chunked = False
        self._open = False

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire."""
        self._buffer += data
        while self._body() if self._open else self._head():
            pass

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        request = WireRequest(bytes(self._buffer[: end + 4]), self._keep)
        del self._buffer[: end + 4]
        lengths = request.values(b"content-length")
        self._chunked = request.values(b"transfer-encoding") != []
        self._left = int(lengths[0]) if lengths else 0
        self._open = True
        self.requests.append(request)
        return True

    def _body(self) -> bool:
        return self._chunk() if self._chunked else self._counted()

    def _counted(self) -> bool:
        part = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        self._left -= len(part)
        self.requests[-1].add(part)
        if self._left == 0:
            self._finish()
        return not self._open

    def _chunk(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        size = int(self._buffer[:end].split(b";")[0], 16)
        if len(self._buffer) < end + 2 + size + 2:
            return False
        self.requests[-1].add(bytes(self._buffer[end + 2 : end + 2 + size]))
        del self._buffer[: end + 2 + size + 2]
        if size == 0:
            self._finish()
        return True

    def _finish(self) -> None:
        self._open = False
        self.requests[-1].complete.set()
