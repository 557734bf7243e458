"""Where the sidecar touches aiohttp's server more closely than its documentation goes.

A change of aiohttp is mended here, and nowhere else. Knows nothing of upstreams.
"""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD

from sidecar import aiohttp_takeover
from sidecar.errors import BadRequest, ExchangeError
from sidecar.exchange import Response

_LINGER_ZERO = struct.pack("ii", 1, 0)

RenderError = Callable[[ExchangeError], Response]
Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Written(web.StreamResponse):
    """Tells aiohttp that the listener has already written the response itself.

    aiohttp would add Server, Date and Content-Type, change the case of names and lose bytes that
    are not UTF-8; so heads are written as bytes, and this is returned.
    """

    def __init__(self, *, keep_alive: bool) -> None:
        super().__init__()
        self._keeps = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may carry another request."""
        return self._keeps

    async def prepare(self, _request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Nothing is left to do."""
        return None

    async def write_eof(self, _data: bytes = b"") -> None:
        """Nothing is left to do."""


KEEP = Written(keep_alive=True)
CLOSE = Written(keep_alive=False)


class Refused(HttpProcessingError):
    """What aiohttp's parser would take and we do not.

    Args:
        reason: the answer.
    """

    def __init__(self, reason: ExchangeError) -> None:
        super().__init__(message=reason.message)
        self.reason = reason


_Messages = Sequence[tuple[RawRequestMessage, StreamReader]]


class Parser:
    """aiohttp's request parser, with what it leaves open.

    It bounds each field of a head and their number, but not the whole. It tells the *next* request
    that a body is broken, while whoever reads the body waits. It takes RTSP and ICE for HTTP.

    Args:
        parser: aiohttp's.
        max_head: bytes of request line and fields together.
    """

    def __init__(self, parser: Any, max_head: int) -> None:
        self._parser = parser
        self._max_head = max_head
        self._body: StreamReader = EMPTY_PAYLOAD
        self._head = bytearray()
        """What came of a head that is not complete."""
        self.feed_eof = parser.feed_eof
        self.pause_reading = parser.pause_reading
        self.message_consumed = parser.message_consumed
        self.set_upgraded = parser.set_upgraded

    def feed_data(self, data: bytes) -> tuple[_Messages, bool, bytes]:
        """The messages whose heads are complete with `data`.

        Raises:
            HttpProcessingError: it is no request, or one that is refused.
        """
        within_head = self._body.is_eof()
        try:
            result: tuple[_Messages, bool, bytes] = self._parser.feed_data(data)
        except HttpProcessingError:
            self._break_body()
            raise
        messages = result[0]
        if messages:
            seen = bytes(self._head) + data if self._head else data
            self._head.clear()
            self._body = messages[-1][1]
            self._check(messages, seen)
        elif within_head:
            self._head += data
            if len(self._head) > self._max_head:
                raise Refused(_too_large())
        return result

    def _break_body(self) -> None:
        if not self._body.is_eof():
            self._body.set_exception(web.RequestPayloadError("a chunk is broken"))
            self._body.feed_eof()

    def _check(self, messages: _Messages, seen: bytes) -> None:
        foreign = b" RTSP/" in seen or b" ICE/" in seen
        if not foreign and len(seen) <= self._max_head:
            return
        for message, _ in messages:
            target = message.path.encode("utf-8", "surrogateescape")
            if foreign and re.search(re.escape(target) + rb" +(RTSP|ICE)/", seen):
                raise Refused(_not_http())
            fields = sum(len(name) + len(value) + 4 for name, value in message.raw_headers)
            if len(target) + fields > self._max_head:
                raise Refused(_too_large())


class Protocol(aiohttp_takeover.Switching):
    """aiohttp's connection, with our answer to what it cannot parse, and nothing of it logged.

    A client that closes its sending side behind its request is taken for one that left: the two
    look alike until something is written, and a call that nobody waits for is ended at once.
    """

    render: RenderError

    def bound(self, max_head: int) -> None:
        """Read through our Parser."""
        self._parser = cast("Any", Parser(self._parser, max_head))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that aiohttp's strict parser refused, or a fault of ours."""
        if status == 500:
            self.logger.error("an exchange failed inside the sidecar", exc_info=exc)
            error = ExchangeError("the sidecar failed; its log says why", code="internal_error")
        else:
            error = _unparsed(exc)
        response = self.render(error)
        if self.transport is not None and not self.transport.is_closing():
            body = response.body.take() or b""
            self.transport.write(response_head(response, [(b"Connection", b"close")]) + body)
        return CLOSE


def _too_large() -> BadRequest:
    return BadRequest(
        "the request line, a header field, their number or their total is beyond `limits`",
        code="head_too_large",
    )


def _not_http() -> BadRequest:
    text = "the request is not valid HTTP/1.1, or its method is not a known one"
    return BadRequest(text, code="bad_request")


def _unparsed(reason: BaseException | None) -> ExchangeError:
    """The parser's own words quote the request, credentials included: they are not repeated."""
    if isinstance(reason, Refused):
        return reason.reason
    crowded = isinstance(reason, BadHttpMessage) and reason.message.startswith("Too many headers")
    return _too_large() if crowded or isinstance(reason, LineTooLong) else _not_http()


class Server(web.Server):
    """`web.Server` that makes our Protocol. One for each listener."""

    def __init__(
        self, handler: Handle, render: RenderError, *, max_head: int, **options: Any
    ) -> None:
        aiohttp_takeover.check()
        super().__init__(handler, handler_cancellation=True)
        self._options = {**options, "access_log": None}
        self._render = render
        self._max_head = max_head
        self._event_loop = asyncio.get_running_loop()

    def go_by(self, *, max_head: int, **options: Any) -> None:
        """Let other limits hold for the connections that come from now on."""
        self._max_head = max_head
        self._options = {**self._options, **options}

    def __call__(self) -> Protocol:
        """The protocol of a new connection."""
        protocol = Protocol(self, loop=self._event_loop, **self._options)
        protocol.render = self._render
        protocol.bound(self._max_head)
        return protocol


def response_head(response: Response, more: list[tuple[bytes, bytes]]) -> bytes:
    """The bytes of a response's head, fields as given, then `more`."""
    lines = b"".join([b"%b: %b\r\n" % field for field in (*response.headers, *more)])
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (response.status, response.reason, lines)


async def drain(request: web.BaseRequest, patience: float) -> None:
    """Wait until the client has caught up.

    Raises:
        TimeoutError: it did not read a byte for `patience` seconds.
        ConnectionError: it is gone.
    """
    transport = request.transport
    while request.protocol.writing_paused and transport is not None:
        unread = transport.get_write_buffer_size()
        try:
            async with asyncio.timeout(patience):
                await request.writer.drain()
        except TimeoutError:
            if transport.get_write_buffer_size() >= unread:
                raise


def reset(transport: asyncio.Transport) -> None:
    """End a connection so that the other side sees an error, not an end (TCP RST)."""
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    transport.abort()
