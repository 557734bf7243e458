"""The order of the layers. It is written here and nowhere else.

Chains are built once, when the configuration loads, with only what the route configures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.config import ErrorShape
from sidecar.core.routing import RouteEntry
from sidecar.dialects import dialect_of
from sidecar.drilling import Drilling
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Response, stack
from sidecar.layers.deadline import deadline
from sidecar.layers.drill import drill
from sidecar.layers.ending import Ending
from sidecar.layers.judge import judge
from sidecar.layers.observe import observe
from sidecar.layers.readable import readable
from sidecar.layers.streams import streams
from sidecar.parts.caching import Caching
from sidecar.parts.keeping import Keeping
from sidecar.parts.keys import Keys
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.parts.tunnelling import Tunnelling
from sidecar.telemetry.metrics import NONE, Metrics
from sidecar.telemetry.record import Sink
from sidecar.transport.upstream import UpstreamTransport


@dataclass(frozen=True, slots=True)
class Parts:
    """What all chains are made of."""

    clock: Clock
    metrics: Metrics
    sinks: Sequence[Sink]
    ending: Ending
    keeping: Keeping
    caching: Caching
    prefetching: Prefetching
    returned: Returned
    keys: Mapping[str, Keys]
    """By upstream, where the sidecar holds or moves its keys."""
    drilling: Drilling | None = None
    """Where drills are allowed."""


def build(
    route: RouteEntry, transport: UpstreamTransport, shared: Resilience, parts: Parts
) -> Handler:
    """The chain of one route."""
    config, clock = route.config, parts.clock
    dialect = dialect_of(config.dialect)
    parts.metrics.bind(route.upstream, route.name)
    inflight = parts.metrics.inflight(route.upstream)
    return stack(
        # what the application sees
        observe(config.errors, inflight, parts.sinks, clock),
        parts.ending.layer(),
        deadline(config.timeouts.total, clock),
        # as the client is to come back; what is kept stays as it was said
        parts.returned.layer(route),
        # answers that were given before
        parts.keeping.ledger(route),
        parts.caching.media.media(route),
        parts.prefetching.layer(route, parts.caching.key_of(route)),
        parts.caching.fallback(route),
        parts.caching.cache(route),
        parts.caching.media.download(route),
        parts.caching.invalidate(route),
        readable(config.errors) if config.readable_errors else None,
        streams(dialect) if config.strict_streams else None,
        # each repetition is an attempt of its own for everything below
        shared.retry(route),
        shared.hedge(route),
        # breaker and pace see the key that the upstream sees; cache and ledger the application's
        parts.keys[route.upstream].layer(route) if route.upstream in parts.keys else None,
        # an open breaker refuses before any wait, and is asked again after it
        shared.breaker(route),
        shared.pace(route),
        shared.limit(route),
        shared.recheck(),
        # what the upstream said
        judge(dialect, clock, shared.usage.see),
        drill(parts.drilling, config.timeouts),
        on=transport.handler(config.timeouts),
    )


def build_handshake(
    route: RouteEntry,
    transport: UpstreamTransport,
    shared: Resilience,
    parts: Parts,
    tunnelling: Tunnelling,
) -> Handler:
    """The chain of one route's WebSockets: none is remembered, repeated or asked for twice."""
    config, clock = route.config, parts.clock
    inflight = parts.metrics.inflight(route.upstream)
    return stack(
        observe(config.errors, inflight, parts.sinks, clock),
        deadline(config.timeouts.total, clock),
        parts.returned.layer(route),
        # what is below lives as long as the handshake, what is above as long as the WebSocket
        tunnelling.layer(route),
        parts.keys[route.upstream].layer(route) if route.upstream in parts.keys else None,
        shared.breaker(route),
        shared.pace(route),
        shared.limit(route),
        shared.recheck(),
        judge(dialect_of(config.dialect), clock, shared.usage.see),
        drill(parts.drilling, config.timeouts),
        on=transport.handshake(config.timeouts),
    )


def build_refusal(error: ExchangeError, shape: ErrorShape, parts: Parts) -> Handler:
    """The chain of a request that goes nowhere: it is seen like any other."""

    async def refuse(_exchange: Exchange, /) -> Response:
        raise error

    inflight = parts.metrics.inflight(NONE)
    return stack(observe(shape, inflight, parts.sinks, parts.clock), on=refuse)
