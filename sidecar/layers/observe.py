"""Sees every exchange from its first to its last byte and tells the sinks what it came to.

Outermost, so that what it reports is what the application saw. Decides nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sidecar.clock import Clock
from sidecar.config import ErrorShape
from sidecar.core.answers import status_of
from sidecar.core.trace_context import read
from sidecar.errors import ClientClosed, ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, Response, Source
from sidecar.telemetry.inflight import Inflight
from sidecar.telemetry.record import Record, Sink

_CLIENT_CLOSED = 499
"""nginx's status for a client that left; it is never sent."""

_faults = logging.getLogger("sidecar.fault")


@dataclass(frozen=True, slots=True)
class ObserveLayer:
    """Counts the exchange while it lasts and reports it when it is over."""

    next: Handler
    shape: ErrorShape
    inflight: Inflight
    sinks: Sequence[Sink]
    clock: Clock

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, and report when the response is closed or did not come to be.

        A fault of the sidecar itself becomes the error that the application is answered.
        """
        self.inflight.count += 1
        try:
            response = await self.next(exchange)
        except ExchangeError as error:
            self._report(exchange, status_of(error, self.shape), "sidecar", error)
            raise
        except Exception as fault:
            _faults.error("an exchange failed inside the sidecar", exc_info=fault)
            failed = ExchangeError("the sidecar failed; its log says why", code="internal_error")
            self._report(exchange, status_of(failed, self.shape), "sidecar", failed)
            raise failed from fault
        except BaseException as left:
            self._report(exchange, _CLIENT_CLOSED, "sidecar", left)
            raise
        response.on_close(partial(self._closed, exchange, response))
        return response

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        self._report(exchange, response.status, response.source, error)

    def _report(
        self, exchange: Exchange, status: int, source: Source, error: BaseException | None
    ) -> None:
        self.inflight.count -= 1
        record = make_record(exchange, status, source, error, self.clock)
        for sink in self.sinks:
            sink(record)


def make_record(
    exchange: Exchange, status: int, source: Source, error: BaseException | None, clock: Clock
) -> Record:
    """What telemetry may say about an exchange that ends now."""
    timeline, now = exchange.timeline, clock.now()
    duration = now - timeline.started
    request, trace = exchange.request, read(exchange.request.headers)
    context = trace.inside or trace.given
    record = Record(
        exchange.id, exchange.upstream, exchange.route, request.method, request.target, status
    )
    # Field by field: a call with so many keywords takes three times as long.
    record.source = source
    record.attempts = exchange.attempt
    record.started_wall = clock.wall() - duration
    record.started = timeline.started
    record.duration = duration
    record.pool_wait = timeline.pool_wait
    record.dial = timeline.dial
    record.reused = timeline.reused
    if timeline.first_byte_at > 0:
        record.first_byte = timeline.first_byte_at - timeline.started
        record.at_upstream = timeline.dial + timeline.at_upstream
    record.backoff = timeline.backoff
    record.held = timeline.held
    record.paced = timeline.paced
    record.queued = timeline.queued
    record.bytes_up = timeline.bytes_up
    record.bytes_down = timeline.bytes_down
    record.trail = timeline.trail
    if context is not None:
        record.trace_id = context.trace_id
    if error is not None:
        record.error = error.code if isinstance(error, ExchangeError) else None
        record.client_closed = isinstance(error, asyncio.CancelledError | ClientClosed)
    if exchange.abandoned:
        record.status, record.client_closed = _CLIENT_CLOSED, True
    return record


def observe(shape: ErrorShape, inflight: Inflight, sinks: Sequence[Sink], clock: Clock) -> Layer:
    """The layer of one route, with everything that it needs bound."""
    return lambda next_: ObserveLayer(next_, shape, inflight, sinks, clock)
