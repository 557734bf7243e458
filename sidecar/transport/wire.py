"""HTTP/1.1 as bytes: writes a request's head, reads a response. Does no I/O.

The parser is llhttp in its strict mode. What it lets through and RFC 9112 does not is decided
in `core/framing.py`. Knows nothing of connections, timers or routes.
"""

import re
from collections import deque
from typing import NamedTuple

import httptools

from sidecar.core.framing import UNTIL_CLOSE, is_persistent, not_http, response_framing
from sidecar.core.headers import read_response
from sidecar.errors import ExchangeError, TruncatedBody, UpstreamReset
from sidecar.exchange import RawHeaders

MAX_HEAD = 256 * 1024
"""Bytes of head, interim responses or trailers that are read without a byte of body."""

_START = b"HTTP/"
_OLD_INTERIM = b"HTTP/1.0 1"
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

STALE = "stale_connection"
"""The code of an exchange that met the end of a kept connection, and no byte of an answer."""

_CHUNKED_AND_END = b"Transfer-Encoding: chunked\r\n\r\n"


def request_head(
    method: str, target: str, host: bytes, headers: RawHeaders, *, chunked: bool
) -> bytes:
    """The bytes of a request's head, fields as given."""
    start = f"{method} {target} HTTP/1.1\r\nHost: ".encode("utf-8", "surrogateescape")
    parts = [start, host, b"\r\n"]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(_CHUNKED_AND_END if chunked else b"\r\n")
    return b"".join(parts)


class Head(NamedTuple):
    """A final (not 1xx) response's head."""

    status: int
    reason: bytes
    headers: RawHeaders
    framing: int
    """Body length, or CHUNKED or UNTIL_CLOSE of `core.framing`."""
    persistent: bool
    """Whether the connection may be used again after the body."""
    keep_alive_timeout: float | None
    early: bytes = b""
    """After a 101: what came of the other protocol already."""


class ResponseReader:
    """Reads one response out of a connection's bytes."""

    __slots__ = (
        "_barren",
        "_error",
        "_head_size",
        "_headers",
        "_method",
        "_parser",
        "_reason",
        "_start",
        "buffered",
        "chunks",
        "complete",
        "head",
        "surplus",
    )

    def __init__(self, method: str) -> None:
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self._headers: RawHeaders = []
        self._reason = b""
        self._barren = 0
        self._head_size = 0
        self._start: bytes | None = b""
        self._error: ExchangeError | None = None
        self.head: Head | None = None
        self.chunks: deque[bytes] = deque()
        self.buffered = 0
        self.complete = False
        self.surplus = False
        """Bytes came after the end of the response: the connection must not be used again."""

    @property
    def started(self) -> bool:
        """Whether any byte of a response was seen."""
        return self._barren > 0 or self.head is not None

    def feed(self, data: bytes) -> None:
        """Take bytes in.

        Raises:
            BadResponse: they are no valid HTTP/1.1 response.
        """
        if self.complete:
            self.surplus = True
            return
        before = self.buffered
        given = data if self._start is None else self._begin(data)
        try:
            self._parser.feed_data(given)
        except httptools.HttpParserUpgrade as switch:
            self._switch(given[switch.args[0] :])
        except httptools.HttpParserError as error:
            self._reject(str(error) or type(error).__name__)
        self._check(len(data), grew=self.buffered > before)

    def close(self) -> None:
        """Read no more. The parser and the reader know each other: no cycle stays."""
        del self._parser

    def take(self) -> bytes | None:
        """What was read of the body and not yet taken; b"" at its end, None when nothing was."""
        if not self.chunks:
            return b"" if self.complete else None
        data = self.chunks[0] if len(self.chunks) == 1 else b"".join(self.chunks)
        self.chunks.clear()
        self.buffered = 0
        return data

    def ended(self, *, reused: bool) -> ExchangeError:
        """What the end of the connection means while the response is not complete."""
        if self.head is not None:
            return TruncatedBody("the upstream ended the response early", code="truncated_body")
        if reused and not self.started:
            return UpstreamReset("the upstream had closed a kept connection", code=STALE)
        return UpstreamReset("the upstream closed without an answer", code="upstream_reset")

    def feed_eof(self) -> bool:
        """The connection ended cleanly; whether that completes the response."""
        if self.head is not None and self.head.framing == UNTIL_CLOSE:
            self.complete = True
        return self.complete

    def _begin(self, data: bytes) -> bytes:
        """What can be read of `data` while the response has hardly begun; the rest is kept back.

        The parser would take RTSP and ICE as well. And it would take the end of an interim
        response of HTTP/1.0 for that of the connection: it is given such ones as of HTTP/1.1.
        """
        start, ready = (self._start or b"") + data, b""
        while start.startswith(_OLD_INTERIM) and (end := start.find(b"\r\n\r\n") + 4) > 3:
            ready += b"HTTP/1.1" + start[8:end]
            start = start[end:]
        if start.startswith(_OLD_INTERIM) or _OLD_INTERIM.startswith(start):
            self._start = start
            return ready
        self._start = None
        if not start.startswith(_START):
            self._error = not_http("it does not begin with HTTP/")
        return ready + start

    def _switch(self, _beyond: bytes) -> None:
        self._reject("the protocol was switched without being asked to")

    def _reject(self, reason: str) -> None:
        if self.complete:
            self.surplus = True
        else:
            self._error = self._error or not_http(reason)

    def _check(self, size: int, *, grew: bool) -> None:
        self._barren = 0 if grew else self._barren + size
        if self._error is None and self._barren > MAX_HEAD and not self.complete:
            self._error = not_http("its head is too large")
        if self._error is None and self.surplus and self.head and self.head.status == 204:
            self._error = not_http("a 204 came with a body")
        if self._error is not None:
            raise self._error

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        """A head begins: interim, final, or one that should not be."""
        if self.head is not None:
            self.surplus = True
        self._headers = []
        self._reason = b""

    def on_status(self, reason: bytes) -> None:
        """A part of the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field, as sent."""
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD:
            self._error = self._error or not_http("its head is too large")
            return
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A head ends."""
        status = self._parser.get_status_code()
        if self.head is not None or (100 <= status < 200 and status != 101):
            return  # interim responses end here
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._error = not_http("its version is neither HTTP/1.1 nor HTTP/1.0")
            return
        try:
            self._read_head(status, version)
        except ExchangeError as error:
            self._error = error

    def _read_head(self, status: int, version: str) -> None:
        if _CONTROL.search(self._reason):
            raise not_http("its reason phrase holds control characters")
        fields = read_response(self._headers)
        framing = response_framing(self._method, status, fields, version)
        self.head = Head(
            status=status,
            reason=self._reason,
            headers=fields.forwarded,
            framing=framing,
            persistent=is_persistent(version, framing, fields),
            keep_alive_timeout=fields.keep_alive_timeout,
        )
        self.complete = framing == 0

    def on_body(self, data: bytes) -> None:
        """Some of the body, unchunked."""
        if self.complete:
            self.surplus = True
        elif self.head is None:
            self._error = self._error or not_http("an interim response came with a body")
        elif self._error is None:
            self.chunks.append(data)
            self.buffered += len(data)

    def on_message_complete(self) -> None:
        """A message ends."""
        if self.head is not None:
            self.complete = True
