"""Where the sidecar touches aiohttp's server more closely than its documentation goes.

A change of aiohttp is mended here, and nowhere else. Knows nothing of upstreams.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

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


class Protocol(web.RequestHandler):
    """aiohttp's connection, with our answer to what it cannot parse, and nothing of it logged."""

    render: RenderError

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


def _unparsed(reason: BaseException | None) -> ExchangeError:
    """The parser's own words quote the request, credentials included: they are not repeated."""
    crowded = isinstance(reason, BadHttpMessage) and reason.message.startswith("Too many headers")
    if crowded or isinstance(reason, LineTooLong):
        text = "the request line, a header field or the number of fields is beyond `limits`"
        return BadRequest(text, code="head_too_large")
    text = "the request is not valid HTTP/1.1, or its method is not a known one"
    return BadRequest(text, code="bad_request")


class Server(web.Server):
    """`web.Server` that makes our Protocol. One for each listener."""

    def __init__(self, handler: Handle, render: RenderError, **options: Any) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._options = {**options, "access_log": None}
        self._render = render
        self._event_loop = asyncio.get_running_loop()

    def __call__(self) -> Protocol:
        """The protocol of a new connection."""
        protocol = Protocol(self, loop=self._event_loop, **self._options)
        protocol.render = self._render
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
