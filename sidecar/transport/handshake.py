"""The innermost handler of a WebSocket's handshake: an attempt whose answer may be a 101.

Then the connection leaves the pool and is handed out as it is. Any other answer is a refusal, and
passes like every response. What is a valid 101 is decided in `core/websocket.py`.
"""

import asyncio
import sys

from sidecar.core.framing import not_http
from sidecar.core.websocket import check_switch, switch_headers
from sidecar.errors import ExchangeError, UpstreamReset
from sidecar.exchange import BytesBody, Exchange, Response
from sidecar.switched import Line, Switched
from sidecar.trail import Tried
from sidecar.transport.attempt import Attempt
from sidecar.transport.connection import Connection
from sidecar.transport.wire import Head, ResponseReader

_SWITCHING = 101
_OLD = b"HTTP/1.0 101"


class HandshakeReader(ResponseReader):
    """Reads the answer to a handshake. Nothing is read behind the segment that a 101 came in."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("GET")

    def _begin(self, data: bytes) -> bytes:
        if ((self._start or b"") + data).startswith(_OLD):
            self._error = not_http("a 101 came in HTTP/1.0, which has none")
        return super()._begin(data)

    def _read_head(self, status: int, version: str) -> None:
        if status != _SWITCHING:
            super()._read_head(status, version)
            return
        self.head = Head(status, self._reason, self._headers, 0, False, None)
        self.complete = True
        self.buffered = sys.maxsize  # so that reading pauses until somebody has taken over

    def _switch(self, beyond: bytes) -> None:
        if self.head is not None and self.head.status == _SWITCHING:
            self.head = self.head._replace(early=beyond)
        else:
            super()._switch(beyond)


class Handshake(Attempt):
    """Sends the handshakes of one route to its upstream, one attempt each."""

    def _start(self, connection: Connection, exchange: Exchange) -> None:
        connection.start("GET", exchange.attempt, exchange.timeline, HandshakeReader())

    def _deliver(
        self,
        head: Head,
        connection: Connection,
        exchange: Exchange,
        upload: asyncio.Task[None] | None,
        tried: Tried,
    ) -> Response:
        if head.status != _SWITCHING:
            return super()._deliver(head, connection, exchange, upload, tried)
        transport = connection.transport
        try:
            check_switch(exchange.request.headers, head.headers)
            if transport is None:
                raise UpstreamReset("the upstream left behind its 101", code="upstream_reset")
        except ExchangeError as error:
            self._give_back(connection, upload, tried, error)
            raise
        tried.end(self._clock.now())
        self._pool.let_go(connection)
        headers = switch_headers(head.headers)
        line = Line(transport, head.early)
        return Switched(head.status, head.reason, headers, BytesBody(b""), line=line)
