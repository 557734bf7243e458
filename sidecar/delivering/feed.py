"""The changes of deliveries, from any point that is still remembered, to whoever reads along.

As server-sent events (WHATWG HTML, "Server-sent events"), or as the messages of a WebSocket. Knows
how they are worded and waited for; the spool remembers them.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator

from sidecar.core.json_path import Json
from sidecar.delivering import views
from sidecar.errors import BadRequest
from sidecar.exchange import RawHeaders, Response
from sidecar.spool import Events, Spool, SpoolUnavailable

LATEST = 2**62
"""A cursor beyond all others: what is to come, and nothing of what was."""

EVENT_STREAM: RawHeaders = [
    (b"Content-Type", b"text/event-stream"),
    (b"Cache-Control", b"no-store"),
]
"""The fields of a stream of server-sent events."""

_MOST_READERS = 100
_AT_A_TIME = 100
_LOOK = 1.0
"""Seconds after which the spool is asked again, because other sidecars may have changed it."""
_BEATS = 15
"""Looks without an event after which a comment is sent, so that nobody takes it for dead."""


class Spoken(Response):
    """The 101 of a WebSocket of the sidecar's own, on which it alone speaks.

    Each `read` of its body is one message of text; b"" is its end.
    """


class Feed:
    """Those who read the changes.

    Args:
        spool: remembers them.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._readers: set[_Reader] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"<Feed to {len(self._readers)}>"

    def ring(self) -> None:
        """Something has changed."""
        for reader in self._readers:
            reader.bell.set()

    def close(self) -> None:
        """End all streams; they can be taken up again elsewhere. Idempotent."""
        self._closed = True
        self.ring()

    @property
    def closed(self) -> bool:
        """Whether no more is given out."""
        return self._closed

    async def open(self, cursor: int) -> Response:
        """A stream of all changes after that one, as server-sent events.

        Raises:
            BadRequest: too many read already.
        """
        reader = _Stream(self._spool, self, await self._known(cursor))
        return self._begin(Response, 200, b"OK", list(EVENT_STREAM), reader)

    async def open_socket(self, cursor: int) -> Response:
        """The same as messages of a WebSocket.

        Raises:
            BadRequest: too many read already.
        """
        reader = _Messages(self._spool, self, await self._known(cursor))
        return self._begin(Spoken, 101, b"Switching Protocols", [], reader)

    async def _known(self, cursor: int) -> int:
        """Where what is to come begins: who has seen the head of the answer misses nothing."""
        if cursor != LATEST:
            return cursor
        try:
            return (await self._spool.events_after(LATEST, 1)).cursor
        except SpoolUnavailable:
            return LATEST  # as soon as it answers

    def _begin(
        self,
        kind: type[Response],
        status: int,
        reason: bytes,
        headers: RawHeaders,
        reader: "_Reader",
    ) -> Response:
        if len(self._readers) >= _MOST_READERS:
            raise BadRequest("too many read the events already", code="bad_request", status=429)
        self._readers.add(reader)
        response = kind(status, reason, headers, reader, source="sidecar")
        response.on_close(lambda _error: self._readers.discard(reader))
        return response


class _Reader:
    """The body of one stream, as far as it does not matter how it is worded."""

    length = None

    def __init__(self, spool: Spool, feed: Feed, cursor: int) -> None:
        self._spool = spool
        self._feed = feed
        self._cursor = cursor
        self.bell = asyncio.Event()

    def take(self) -> None:
        """Nothing without asking."""

    async def read(self) -> bytes:
        """What is to be sent next; b"" at the end."""
        raise NotImplementedError

    async def look(self) -> list[tuple[str, int, Json]]:
        """What is new, for each its kind, cursor and data; [] after a while in which nothing is."""
        self.bell.clear()
        try:
            found = await self._spool.events_after(self._cursor, _AT_A_TIME)
        except SpoolUnavailable:
            found = Events([], self._cursor, gap=False)
        gap = found.gap and self._cursor not in (0, LATEST)
        self._cursor = found.cursor
        if new := list(_named(found, gap=gap)):
            return new
        try:
            async with asyncio.timeout(_LOOK):
                await self.bell.wait()
        except TimeoutError:
            pass
        return []


class _Stream(_Reader):
    """Server-sent events."""

    async def read(self) -> bytes:
        """The next events, or a comment; b"" when the feed is closed."""
        for _ in range(_BEATS):
            if self._feed.closed:
                return b""
            if new := await self.look():
                return "".join(
                    f"id: {cursor}\nevent: {kind}\ndata: {_text(data)}\n\n"
                    for kind, cursor, data in new
                ).encode()
        return b": still here\n\n"


class _Messages(_Reader):
    """Messages, one for each change; that the line is alive is the WebSocket's own to find out."""

    def __init__(self, spool: Spool, feed: Feed, cursor: int) -> None:
        super().__init__(spool, feed, cursor)
        self._ahead: deque[bytes] = deque()

    async def read(self) -> bytes:
        """The next message; b"" when the feed is closed."""
        while not self._ahead:
            if self._feed.closed:
                return b""
            self._ahead.extend(
                _text({"event": kind, "cursor": cursor, "data": data}).encode()
                for kind, cursor, data in await self.look()
            )
        return self._ahead.popleft()


def _named(found: Events, *, gap: bool) -> Iterator[tuple[str, int, Json]]:
    """A gap where there is one, then the changes.

    The cursor of a gap is the one before what follows, so that nothing is missed after it.
    """
    if gap:
        before = found.events[0].cursor - 1 if found.events else found.cursor
        yield "gap", before, {}
    for event in found.events:
        yield "delivery", event.cursor, views.change(event)


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
