"""Ends an event stream that was cut off as broken, so that nobody takes a half answer for a whole.

What a stream's end looks like is decided in the dialect. Nothing is held back, nothing is kept.
"""

from dataclasses import dataclass

from sidecar.dialects import Dialect
from sidecar.dialects.sse import is_event_stream
from sidecar.dialects.stream_end import StreamEnd
from sidecar.errors import TruncatedBody
from sidecar.exchange import Body, Exchange, Handler, Layer, Response


@dataclass(frozen=True, slots=True)
class WatchedBody:
    """The body of an event stream; at an end that comes too early it raises."""

    body: Body
    end: StreamEnd

    @property
    def length(self) -> int | None:
        """As declared."""
        return self.body.length

    def take(self) -> bytes | None:
        """What has arrived; None instead of an early end, so that all else is written before."""
        data = self.body.take()
        if data:
            self.end.feed(data)
        elif data is not None and self.end.missing():
            return None
        return data

    async def read(self) -> bytes:
        """The next bytes; b"" at the end.

        Raises:
            ExchangeError: the body broke, or it ended too early (`truncated_body`).
        """
        data = await self.body.read()
        if data:
            self.end.feed(data)
        elif missing := self.end.missing():
            raise TruncatedBody(f"the event stream ended {missing}", code="truncated_body")
        return data


@dataclass(frozen=True, slots=True)
class StreamsLayer:
    """Watches the event streams of one route."""

    next: Handler
    dialect: Dialect

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, with an eye on the stream.

        One of a declared length is left alone: HTTP itself tells whether it is whole.
        """
        response = await self.next(exchange)
        bodyless = exchange.request.method == "HEAD" or response.status != 200
        if not bodyless and response.body.length is None and is_event_stream(response.headers):
            wanted = self.dialect.end_of(exchange.request.target)
            response.body = WatchedBody(response.body, StreamEnd(response.headers, wanted))
        return response


def streams(dialect: Dialect) -> Layer:
    """The layer of one route."""
    return lambda next_: StreamsLayer(next_, dialect)
