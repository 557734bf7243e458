"""Judges every response of the upstream, once, for all the layers that act on it.

Innermost, so that breaker, pace and repetition see the same. What a response means is decided in
the dialect.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.dialects import Dialect
from sidecar.dialects.body import decoded
from sidecar.dialects.plain import DONE
from sidecar.dialects.sse import is_event_stream
from sidecar.exchange import Exchange, Handler, Layer, RawHeaders, Response
from sidecar.judgement import Judgement
from sidecar.peeked import glance, peek

_PEEK = 64 * 1024
"""Bytes of an error's body, and of the beginning of a stream, that a dialect sees."""

_PEEK_SECONDS = 1.0
"""How long an error's may take; after that it is judged by what has come."""

See = Callable[[RawHeaders], None]


@dataclass(frozen=True, slots=True)
class JudgeLayer:
    """Writes `response.judgement`; the response's body stays whole."""

    next: Handler
    dialect: Dialect
    clock: Clock
    see: See | None = None
    """Is shown the headers of every response, for what they say about usage."""

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on with a judgement."""
        response = await self.next(exchange)
        try:
            if self.see is not None:
                self.see(response.headers)
            response.judgement = await self._judge(exchange, response)
        except BaseException as error:
            response.close(error)
            raise
        return response

    async def _judge(self, exchange: Exchange, response: Response) -> Judgement:
        method, status = exchange.request.method, response.status
        if status == 200 and self.dialect.streams and is_event_stream(response.headers):
            return await self._judge_stream(response)
        beginning = b""
        if status >= 400 and method != "HEAD":
            left = exchange.deadline - self.clock.now()
            beginning = await glance(response, _PEEK, max(0.0, min(_PEEK_SECONDS, left)))
        wall = self.clock.wall()
        return self.dialect.judge(method, status, response.headers, beginning, wall)

    async def _judge_stream(self, response: Response) -> Judgement:
        """What a stream begins with: some providers answer 200 and then say that they cannot.

        Raises:
            ExchangeError: it broke before it began; nothing of it was passed on.
        """

        def judged(data: bytes) -> Judgement | None:
            return self.dialect.first_frame(decoded(response.headers, data))

        data = await peek(response, _PEEK, lambda seen: judged(seen) is not None)
        return judged(data) or DONE


def judge(dialect: Dialect, clock: Clock, see: See | None = None) -> Layer:
    """The layer of one route."""
    return lambda next_: JudgeLayer(next_, dialect, clock, see)
