"""The order of the layers. It is written here and nowhere else.

Chains are built when a configuration comes into force, with only what the route configures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

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
from sidecar.layers.learn import learn
from sidecar.layers.named_insert import named_insert
from sidecar.layers.observe import observe
from sidecar.layers.readable import readable
from sidecar.layers.streams import streams
from sidecar.layers.tokens import count_tokens
from sidecar.observing import Observer
from sidecar.parts.caching import Caching
from sidecar.parts.keeping import Keeping
from sidecar.parts.keys import Keys
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.queue_routes import QueueRoutes
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.parts.tracing import Tracing
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
    queueing: QueueRoutes | None = None
    """Where a spool is configured."""
    tracing: Tracing | None = None
    """Where a collector is configured."""
    observer: Observer | None = None
    """Where calls are learnt from."""


def build(
    route: RouteEntry, transport: UpstreamTransport, shared: Resilience, parts: Parts
) -> Handler:
    """The chain of one route."""
    config, clock = route.config, parts.clock
    dialect = dialect_of(config.dialect)
    parts.metrics.bind(route.upstream, route.name)
    seen = observe(config.errors, parts.metrics.inflight(route.upstream), parts.sinks, clock)
    ending = parts.ending.layer()
    queueing, tracing = parts.queueing, parts.tracing
    return stack(
        # what the application sees
        seen,
        tracing.layer(route) if tracing is not None else None,
        learn(parts.observer) if parts.observer is not None else None,
        ending,
        deadline(config.timeouts.total, clock),
        queueing.layer(route) if queueing is not None else None,
        # as the client is to come back; what is kept stays as it was said
        parts.returned.layer(route),
        # answers that were given before
        parts.keeping.ledger(route),
        # what is delivered later goes the same way from here, seen as a call of its own: its
        # spool knows what was done, also when people have it sent again
        queueing.entry(route, seen, ending) if queueing is not None else None,
        parts.caching.media.media(route),
        parts.prefetching.layer(route, parts.caching.key_of(route)),
        parts.caching.fallback(route),
        parts.caching.cache(route),
        parts.caching.media.download(route),
        parts.caching.invalidate(route),
        readable(config.errors) if config.readable_errors else None,
        streams(dialect) if config.strict_streams else None,
        named_insert(config.retry.insert_key, lambda: str(uuid4())),
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
        tracing.attempts(route) if tracing is not None else None,
        count_tokens(partial(parts.metrics.tokens, route.upstream, route.name))
        if config.dialect == "gemini"
        else None,
        # from here on it may have been sent
        queueing.fence() if queueing is not None else None,
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
    inflight, tracing = parts.metrics.inflight(route.upstream), parts.tracing
    return stack(
        observe(config.errors, inflight, parts.sinks, clock),
        tracing.layer(route) if tracing is not None else None,
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
        tracing.attempts(route) if tracing is not None else None,
        drill(parts.drilling, config.timeouts),
        on=transport.handshake(config.timeouts),
    )


def build_refusal(error: ExchangeError, shape: ErrorShape, parts: Parts) -> Handler:
    """The chain of a request that goes nowhere: it is seen like any other."""

    async def refuse(_exchange: Exchange, /) -> Response:
        raise error

    inflight = parts.metrics.inflight(NONE)
    return stack(observe(shape, inflight, parts.sinks, parts.clock), on=refuse)


def build_pages(pages: Handler, parts: Parts) -> Handler:
    """The chain of the sidecar's own pages for the application."""
    inflight = parts.metrics.inflight(NONE)
    seen = observe("generic", inflight, parts.sinks, parts.clock)
    return stack(seen, parts.ending.layer(), on=pages)
