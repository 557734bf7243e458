"""The order of the layers. It is written here and nowhere else.

    listener ─► observe ─► deadline ─► retry ─► transport ──► upstream

Chains are built once, when the configuration loads, with only what the route configures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.config import ErrorShape
from sidecar.core.budget import Budget
from sidecar.core.routing import RouteEntry
from sidecar.dialects import DIALECTS, STREAMING
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Response, stack
from sidecar.layers.deadline import deadline
from sidecar.layers.observe import observe
from sidecar.layers.retry import Parts as RetryParts
from sidecar.layers.retry import retry
from sidecar.telemetry.metrics import NONE, Metrics
from sidecar.telemetry.record import Sink
from sidecar.transport.upstream import UpstreamTransport


@dataclass(frozen=True, slots=True)
class Parts:
    """What chains are made of; shared by all routes."""

    clock: Clock
    metrics: Metrics
    sinks: Sequence[Sink]
    budgets: Mapping[str, Budget]
    """By upstream."""


def build(route: RouteEntry, transport: UpstreamTransport, parts: Parts) -> Handler:
    """The chain of one route."""
    parts.metrics.bind(route.upstream, route.name)
    inflight = parts.metrics.inflight(route.upstream)
    retry_parts = RetryParts(
        config=route.retry,
        dialect=DIALECTS[route.dialect],
        budget=parts.budgets[route.upstream],
        stats=parts.metrics.retries(route.upstream, route.name),
        clock=parts.clock,
        reads_streams=route.dialect in STREAMING,
    )
    return stack(
        observe(route.errors, inflight, parts.sinks, parts.clock),
        deadline(route.timeouts.total, parts.clock),
        retry(retry_parts),  # each repetition is an attempt of its own for everything below
        on=transport.handler(route.timeouts),
    )


def build_refusal(error: ExchangeError, shape: ErrorShape, parts: Parts) -> Handler:
    """The chain of a request that goes nowhere: it is seen like any other."""

    async def refuse(_exchange: Exchange, /) -> Response:
        raise error

    inflight = parts.metrics.inflight(NONE)
    return stack(observe(shape, inflight, parts.sinks, parts.clock), on=refuse)
