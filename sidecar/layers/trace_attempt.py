"""Makes a span of each attempt, and names it to the upstream in `traceparent`.

Below what judges, so that each attempt of a repetition or a hedge has a span of its own. Decides
nothing; what a span says is worded in `tracing/attributes.py`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from sidecar.core.trace_context import pass_on
from sidecar.dialects.tokens import TokenReader
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.tracing import attributes
from sidecar.tracing.attributes import Place
from sidecar.tracing.span import Value
from sidecar.tracing.tokens import counted
from sidecar.tracing.tracer import Started, Tracer

_WHOLE = 200
"""The status of answers that say what they took."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with."""

    tracer: Tracer
    place: Place
    propagate: bool
    """Whether the upstream is told of the trace."""
    model: bool = False
    """Whether the upstream is Gemini's API."""


class _Tried(NamedTuple):
    """An attempt that has begun."""

    exchange: Exchange
    started: Started
    model: Mapping[str, Value]
    """What it asks of which model; empty where it asks none."""
    reader: TokenReader | None = None


@dataclass(frozen=True, slots=True)
class TraceAttemptLayer:
    """The spans of one route's attempts."""

    next: Handler
    parts: Parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on with a new parent; the span ends when the response is closed or an error came."""
        parts, request = self.parts, exchange.request
        started = parts.tracer.start(request.headers, inside=True)
        sent = exchange
        if parts.propagate:
            fields = pass_on(request.headers, started.context, given=started.given)
            sent = replace(exchange, request=request._replace(headers=fields))
        if not started.context.sampled:
            return await self.next(sent)
        tried = _Tried(exchange, started, attributes.of_model(exchange) if parts.model else {})
        try:
            response = await self.next(sent)
        except BaseException as error:
            self._end(tried, None, error)
            raise
        if tried.model and response.status == _WHOLE:
            tried = tried._replace(reader=counted(response))
        response.on_close(partial(self._end, tried, response))
        return response

    def _end(self, tried: _Tried, response: Response | None, error: BaseException | None) -> None:
        exchange, started, model, reader = tried
        code = error.code if isinstance(error, ExchangeError) else None
        found = attributes.of_attempt(exchange, self.parts.place, response, code)
        name = attributes.name_of(exchange.request.method, "")
        if model:
            name = f"{model[attributes.OPERATION]} {model[attributes.MODEL]}"
            tokens = reader.tokens() if reader is not None else None
            found = {**found, **model, **attributes.of_tokens(tokens)}
        if isinstance(error, asyncio.CancelledError):
            found[attributes.LEFT] = True
        failed = attributes.ERROR in found
        self.parts.tracer.end(started, name, "client", found, failed=failed)


def trace_attempt(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: TraceAttemptLayer(next_, parts)
