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
    answered = timeline.first_byte_at > 0
    trace = read(exchange.request.headers)
    context = trace.inside or trace.given
    left = exchange.abandoned or isinstance(error, asyncio.CancelledError | ClientClosed)
    return Record(
        id=exchange.id,
        upstream=exchange.upstream,
        route=exchange.route,
        method=exchange.request.method,
        target=exchange.request.target,
        status=_CLIENT_CLOSED if exchange.abandoned else status,
        error=error.code if isinstance(error, ExchangeError) else None,
        source=source,
        attempts=exchange.attempt,
        started_wall=clock.wall() - duration,
        duration=duration,
        pool_wait=timeline.pool_wait,
        dial=timeline.dial,
        reused=timeline.reused,
        first_byte=timeline.first_byte_at - timeline.started if answered else 0.0,
        at_upstream=timeline.dial + timeline.at_upstream if answered else 0.0,
        backoff=timeline.backoff,
        held=timeline.held,
        paced=timeline.paced,
        queued=timeline.queued,
        bytes_up=timeline.bytes_up,
        bytes_down=timeline.bytes_down,
        client_closed=left,
        trace_id=context.trace_id if context is not None else "",
        started=timeline.started,
        trail=timeline.trail,
    )


def observe(shape: ErrorShape, inflight: Inflight, sinks: Sequence[Sink], clock: Clock) -> Layer:
    """The layer of one route, with everything that it needs bound."""
    return lambda next_: ObserveLayer(next_, shape, inflight, sinks, clock)
