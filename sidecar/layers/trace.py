"""Makes a span of each exchange, and tells its attempts which trace they belong to.

Just below what observes, so that it sees what the application sees. Decides nothing; what a span
says is worded in `tracing/attributes.py`.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from sidecar.config import ErrorShape
from sidecar.core.answers import status_of
from sidecar.core.trace_context import hand_down
from sidecar.errors import ClientClosed, ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, Response, Source
from sidecar.tracing import attributes
from sidecar.tracing.tracer import Started, Tracer


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with."""

    tracer: Tracer
    template: str
    """The path of the route as configured; "" where that is any path."""
    shape: ErrorShape


@dataclass(frozen=True, slots=True)
class TraceLayer:
    """The spans of one route's exchanges."""

    next: Handler
    parts: Parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; the span ends when the response is closed, or did not come to be."""
        request = exchange.request
        own = exchange.entered is None
        started = self.parts.tracer.start(request.headers, inside=own)
        exchange.request = request._replace(headers=hand_down(request.headers, started.context))
        if not started.context.sampled:
            return await self.next(exchange)
        try:
            response = await self.next(exchange)
        except BaseException as error:
            self._end(exchange, started, None, "sidecar", error)
            raise
        response.on_close(partial(self._closed, exchange, started, response))
        return response

    def _closed(
        self,
        exchange: Exchange,
        started: Started,
        response: Response,
        error: BaseException | None,
    ) -> None:
        self._end(exchange, started, response.status, response.source, error)

    def _end(
        self,
        exchange: Exchange,
        started: Started,
        status: int | None,
        source: Source,
        error: BaseException | None,
    ) -> None:
        parts = self.parts
        left = exchange.abandoned or isinstance(error, asyncio.CancelledError | ClientClosed)
        code = error.code if isinstance(error, ExchangeError) and not left else None
        if isinstance(error, ExchangeError) and status is None and not left:
            status = status_of(error, parts.shape)
        elif error is not None and status is None and not left:
            code, status = "internal_error", 500  # a fault, which what observes will answer
        found = attributes.of_exchange(exchange, parts.template, status, source, code)
        if left:
            found[attributes.LEFT] = True
        parts.tracer.end(
            started,
            attributes.name_of(exchange.request.method, parts.template),
            "server" if exchange.entered is not None else "internal",
            found,
            failed=attributes.ERROR in found and not left,
        )


def trace(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: TraceLayer(next_, parts)
