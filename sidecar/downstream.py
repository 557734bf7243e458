"""The application's side of an exchange, byte for byte: reads its body, writes its response.

Decides framing only; knows nothing of upstreams, routes or errors' meaning.
"""

import asyncio

from sidecar.config import Limits
from sidecar.errors import (
    BadRequest,
    ClientClosed,
    ExchangeError,
    RequestBodyStalled,
    forget_frames,
)
from sidecar.exchange import Body, BytesBody, RawHeaders, RequestBody, Response
from sidecar.serving import Connection, Incoming
from sidecar.switched import reset

SHORT = 64 * 1024
"""Bytes of a request body that may be gathered before anything is sent."""

_WRITE_AT_ONCE = 64 * 1024
"""Bytes that are gathered before they are written, as long as there are more at hand."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class StreamedBody:
    """A request's body as it arrives. `100 Continue` is sent when it is first asked for."""

    def __init__(
        self,
        connection: Connection,
        incoming: Incoming,
        length: int | None,
        limits: Limits,
        *,
        keep: int = SHORT,
        expects_continue: bool = False,
    ) -> None:
        self._connection = connection
        self._arriving = incoming.body
        self._length = length
        self._limits = limits
        self._continue = expects_continue and incoming.modern
        self._received = 0
        self._kept: bytearray | None = None
        if length is not None and length <= max(keep, SHORT):
            self._kept = bytearray()
        self._again = b""

    @property
    def length(self) -> int | None:
        """As declared; None when chunked."""
        return self._length

    def take(self) -> bytes | None:
        """What has arrived."""
        if self._again:
            data, self._again = self._again, b""
            return data
        if self._continue:
            self._continue = False
            self._connection.say(_CONTINUE)
        arrived = self._arriving.take()
        return self._counted(arrived) if arrived else arrived

    async def read(self) -> bytes:
        """The next bytes; b"" at the end."""
        data = self.take()
        if data is not None:
            return data
        try:
            async with asyncio.timeout(self._limits.body_idle):
                return self._counted(await self._arriving.read())
        except TimeoutError as error:
            raise RequestBodyStalled(
                f"the request's body stopped arriving for {self._limits.body_idle:g} s",
                code="request_body_timeout",
            ) from error

    @property
    def rewindable(self) -> bool:
        """Whether it is short enough to have been kept."""
        return self._kept is not None

    def rewind(self) -> None:
        """Be read again from the start, then go on with what is still to come."""
        assert self._kept is not None, "what was read is gone"
        self._again = bytes(self._kept)

    def known(self) -> bytes | None:
        """All of it, once all of it has arrived and was kept."""
        complete = self._kept is not None and len(self._kept) == self._length
        return bytes(self._kept) if self._kept is not None and complete else None

    def _counted(self, data: bytes) -> bytes:
        self._received += len(data)
        if self._limits.max_body is not None and self._received > self._limits.max_body:
            raise too_large(self._limits.max_body)
        if self._kept is not None:
            self._kept += data
        return data


async def gather(body: StreamedBody, patience: float) -> RequestBody:
    """The body, in memory if all of it arrives within `patience` seconds; else as it comes.

    A client sends a short body right behind its head: then one write carries the request on.
    """
    parts = []
    try:
        async with asyncio.timeout(patience):
            while data := await body.read():
                parts.append(data)
    except TimeoutError:
        body.rewind()
        return body
    return BytesBody(b"".join(parts))


async def write_response(
    connection: Connection,
    incoming: Incoming,
    response: Response,
    *,
    read_idle: float,
    close: bool,
) -> bool:
    """Write the response as it arrives, and close it; whether the connection may go on.

    A body that breaks is never ended cleanly: the connection is, so that the client sees it.

    Args:
        connection: where to.
        incoming: what is answered.
        response: the answer; closed when this returns or raises.
        read_idle: seconds that the client may leave it unread.
        close: whether this is the connection's last response.
    """
    framing = _Framing(incoming, response, close=close)
    try:
        await _write(connection, response, framing, read_idle)
    except ExchangeError as error:
        response.close(error)
        forget_frames(error)
        if connection.transport is not None:
            framing.cut(connection.transport)
        return False
    except (TimeoutError, ConnectionError):
        response.close(_left())
        if connection.transport is not None:
            connection.transport.abort()
        return False
    except BaseException as error:
        response.close(error)
        if connection.transport is not None:  # half a response was written: nothing may follow it
            connection.transport.abort()
        raise
    response.close()
    return framing.keep_alive


class _Framing:
    """How a response's end is told to this client (RFC 9112 §6)."""

    def __init__(self, incoming: Incoming, response: Response, *, close: bool) -> None:
        self.bodyless = incoming.method == "HEAD" or response.status in (204, 304)
        unknown = response.body.length is None and not self.bodyless
        modern = incoming.modern
        self.chunked = unknown and modern
        self.until_close = unknown and not modern
        self.keep_alive = incoming.keep_alive and not close and not self.until_close
        self.fields: RawHeaders = []
        if self.chunked:
            self.fields.append((b"Transfer-Encoding", b"chunked"))
        if not self.keep_alive:
            self.fields.append((b"Connection", b"close"))
        elif not modern:
            self.fields.append((b"Connection", b"keep-alive"))

    def wrap(self, data: bytes) -> bytes:
        """`data` as it goes on the wire."""
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def cut(self, transport: asyncio.Transport) -> None:
        """End the message so that the client sees that it is not complete."""
        if self.until_close:
            reset(transport)
        else:
            transport.close()


async def _write(
    connection: Connection, response: Response, framing: _Framing, read_idle: float
) -> None:
    out = response_head(response, framing.fields)
    body: Body = BytesBody(b"") if framing.bodyless else response.body
    while True:
        data = body.take()
        if data is None:
            await _flush(connection, out, read_idle)
            out = b""
            data = await body.read()
        if not data:
            break
        out += framing.wrap(data)
        if len(out) >= _WRITE_AT_ONCE:
            await _flush(connection, out, read_idle)
            out = b""
    if framing.chunked:
        out += b"0\r\n\r\n"
    connection.write(out)
    if connection.is_full:
        await connection.drain(read_idle)


async def _flush(connection: Connection, data: bytes, read_idle: float) -> None:
    connection.write(data)
    if connection.is_full:
        await connection.drain(read_idle)


def response_head(response: Response, more: RawHeaders) -> bytes:
    """The bytes of a response's head, fields as given, then `more`."""
    lines = b"".join([b"%b: %b\r\n" % field for field in (*response.headers, *more)])
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (response.status, response.reason, lines)


def too_large(limit: int) -> BadRequest:
    """The error for a body above `limits.max_body`."""
    return BadRequest(
        f"the request's body is larger than {limit} bytes (limits.max_body)",
        code="body_too_large",
        status=413,
    )


def _left() -> ClientClosed:
    return ClientClosed("the application closed its connection", code="client_closed")
