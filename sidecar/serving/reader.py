"""Requests out of a connection's bytes. Does no I/O.

The parser is llhttp in its strict mode. What it lets through and HTTP/1.1 does not, or what is
beyond the limits, is refused here; what the fields mean is decided in `core/headers.py`.
"""

import asyncio
import re
from collections.abc import Callable

import httptools

from sidecar.config import Limits
from sidecar.core.websocket import PROTOCOL
from sidecar.errors import BadRequest, ExchangeError
from sidecar.exchange import RawHeaders
from sidecar.serving.arriving import Arriving, Incoming

_FIELD_OVERHEAD = 4
"""Bytes around a field: `: ` and the line's end."""
_FRAMING = (b"content-length", b"transfer-encoding")
_OTHERS = (b" RTSP/", b" ICE/")
"""How the versions of protocols look that the parser takes for HTTP."""


class RequestReader:
    """Reads the requests of one connection.

    Args:
        limits: how large a head may be.
        loop: where whoever reads a body waits.
        drained: called when all that had arrived of a body is taken.
    """

    def __init__(
        self, limits: Limits, loop: asyncio.AbstractEventLoop, drained: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._loop = loop
        self._drained = drained
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._fields: RawHeaders = []
        self._partial = bytearray()
        """What came of a head that is not complete."""
        self._harmless = min(limits.max_header_size, limits.max_header_total)
        """In so few bytes nothing can be beyond the limits, but the number of fields."""
        self._is_harmless = True
        self._came = 0
        """Bytes that a head which is not complete has at most."""
        self._barren = 0
        """Bytes of a body's framing that came since the last byte of the body itself."""
        self._error: ExchangeError | None = None
        self._found: list[Incoming] = []
        self._passes_over = False
        self.current: Incoming | None = None
        """The request whose body is arriving."""
        self.tail: bytes | None = None
        """What came behind a request for another protocol; None as long as HTTP is read."""

    @property
    def within_head(self) -> bool:
        """Whether a part of a head has come, and no whole one since."""
        return bool(self._partial)

    @property
    def unread(self) -> int:
        """Bytes that have come, of a body or of another protocol, and that nobody has taken."""
        if self.tail is not None:
            return len(self.tail)
        return self.current.body.buffered if self.current is not None else 0

    def close(self) -> None:
        """Read no more. Parser, reader and connection know each other: no cycle stays."""
        del self._parser
        self._drained, self.current = _nobody, None

    def feed(self, data: bytes) -> list[Incoming]:
        """The requests whose heads are complete with `data`.

        Raises:
            BadRequest: what came is no valid HTTP/1.1, or beyond the limits. A body that was
                arriving has failed; requests that began in `data` are lost.
        """
        if self.tail is not None:
            self.tail += data
            return []
        within_head = self.current is None
        self._came += len(data)
        self._is_harmless = self._came <= self._harmless
        self._barren = 0 if within_head else self._barren + len(data)
        self._parse(data)
        found, self._found = self._found, []
        if found or not within_head:
            self._came = len(data)
        if self._error is None:
            self._check(found, data, within_head=within_head)
        if self._error is not None:
            self._break(found)
            raise self._error
        return found

    def _parse(self, data: bytes) -> None:
        """Feed the parser, which stops behind each request that offers another protocol.

        An offer that nobody here takes up is passed over (RFC 9110 §7.8): what follows is read
        as if it had not been made.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as switch:
                data = data[switch.args[0] :]
            except httptools.HttpParserError:
                self._refuse(_not_http())
                return
            else:
                return
            if self.current is None:
                self.tail = data
                return
            self._parser = httptools.HttpRequestParser(self)
            data = _framing_alone(self.current.headers) + data

    def _check(self, found: list[Incoming], data: bytes, *, within_head: bool) -> None:
        if found:
            seen = data
            if self._partial:
                seen = bytes(self._partial) + data
                self._partial.clear()
            if _OTHERS[0] in seen or _OTHERS[1] in seen:
                if within_head and len(found) == 1:  # a body may say what it likes
                    seen = seen.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
                self._check_protocol(found, seen)
        elif within_head:
            self._partial += data
            if len(self._partial) > self._limits.max_header_total:
                self._refuse(_too_large())
        if self.current is None and self._is_too_large():  # though it is not complete
            self._refuse(_too_large())
        if self._barren > self._limits.max_header_total and not found:
            self._refuse(_too_large())  # extensions of a chunk, or fields behind the last one

    def _is_too_large(self) -> bool:
        """Whether what came of a head is beyond the limits."""
        limits = self._limits
        if len(self._fields) > limits.max_headers:
            return True
        if self._is_harmless:
            return False
        lines = [len(self._target), *(len(name) + len(value) for name, value in self._fields)]
        total = sum(lines) + _FIELD_OVERHEAD * len(self._fields)
        return max(lines) > limits.max_header_size or total > limits.max_header_total

    def _check_protocol(self, found: list[Incoming], seen: bytes) -> None:
        """The version is all that tells RTSP and ICE from HTTP, and the parser does not show it."""
        for incoming in found:
            target = incoming.target.encode("utf-8", "surrogateescape")
            if re.search(re.escape(target) + rb" +(RTSP|ICE)/", seen):
                self._refuse(_not_http())

    def _refuse(self, error: ExchangeError) -> None:
        self._error = self._error or error

    def _break(self, found: list[Incoming]) -> None:
        """What is not whole will not be; what is broken must not be read as something else."""
        broken = BadRequest("the request's body is not validly framed", code="bad_body")
        if self.current is not None and self.current not in found:
            self.current.body.fail(broken)
        self.current = None

    # What follows is called by the parser.

    def on_message_begin(self) -> None:
        """A head begins."""
        self._target, self._fields = b"", []

    def on_url(self, part: bytes) -> None:
        """A part of the target."""
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field, as sent; those behind a body say nothing to anybody here."""
        if self.current is None:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """A head ends."""
        if self.current is not None:  # it was read before, with its offer
            return
        if self._is_too_large():
            self._refuse(_too_large())
        parser = self._parser
        offers = parser.should_upgrade()
        self._passes_over = offers and not self._is_for_switching(parser)
        self.current = Incoming(
            parser.get_method().decode(),
            self._target.decode("utf-8", "surrogateescape"),
            parser.get_http_version(),
            self._fields,
            parser.should_keep_alive(),
            Arriving(self._loop, self._drained),
            offers and not self._passes_over,
        )
        self._found.append(self.current)

    def on_body(self, data: bytes) -> None:
        """Some of a body."""
        self._barren = 0
        if self.current is not None:
            self.current.body.feed(data)

    def on_message_complete(self) -> None:
        """A message ends; not so where the parser passed over its body, for an offer's sake."""
        if self._passes_over:
            self._passes_over = False
        elif self.current is not None:
            self.current.body.finish()
            self.current = None

    def _is_for_switching(self, parser: httptools.HttpRequestParser) -> bool:
        """Whether somebody here may take the offer up. Of two the last counts, as for the head."""
        offers = [value for name, value in self._fields if name.lower() == b"upgrade"]
        return parser.get_method() == b"CONNECT" or offers[-1].strip().lower() == PROTOCOL


def _nobody() -> None:
    """In place of a connection that is gone."""


def _framing_alone(headers: RawHeaders) -> bytes:
    """A head that says how long its body is, and nothing else."""
    lines = [b"%b: %b\r\n" % field for field in headers if field[0].lower() in _FRAMING]
    return b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(lines)


def _too_large() -> BadRequest:
    return BadRequest(
        "the request line, a header field, their number or their total is beyond `limits`",
        code="head_too_large",
    )


def _not_http() -> BadRequest:
    text = "the request is not valid HTTP/1.1, or its method is not a known one"
    return BadRequest(text, code="bad_request")
