"""What a configuration becomes: connections, shared state, and the chain of every route.

Binds no socket and serves nobody; that is the app's.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sidecar.admin.breakers import breaker_endpoints
from sidecar.admin.cache import cache_endpoints
from sidecar.admin.drills import drill_endpoints
from sidecar.admin.endpoint import Endpoint
from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.breaker import Breakers
from sidecar.core.returned_urls import Addresses
from sidecar.core.routing import RouteEntry, RouteTable
from sidecar.drilling import Drilling, order_of
from sidecar.layers.ending import Ending
from sidecar.listener import Chains
from sidecar.parts.caching import Caching
from sidecar.parts.destinations import Destinations
from sidecar.parts.keeping import Keeping
from sidecar.parts.keys import Keys
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.purging import Purging
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.parts.tunnelling import Tunnelling
from sidecar.pipeline import Parts, build, build_handshake
from sidecar.telemetry import logs
from sidecar.telemetry.breaker_stats import BreakerCollector
from sidecar.telemetry.cache_stats import CacheCollector
from sidecar.telemetry.drill_stats import DrillCollector
from sidecar.telemetry.hedge_stats import HedgeCollector
from sidecar.telemetry.key_stats import KeyCollector
from sidecar.telemetry.ledger_stats import LedgerCollector
from sidecar.telemetry.limit_stats import LimitCollector
from sidecar.telemetry.media_stats import MediaCollector
from sidecar.telemetry.message_stats import MessageCollector
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pace_stats import PaceCollector
from sidecar.telemetry.prefetch_stats import PrefetchCollector
from sidecar.telemetry.retry_stats import RetryCollector
from sidecar.telemetry.returned_url_stats import ReturnedUrlCollector
from sidecar.telemetry.store_stats import StoreCollector
from sidecar.telemetry.tunnel_stats import TunnelCollector
from sidecar.telemetry.usage_stats import UsageCollector
from sidecar.transport.upstream import UpstreamTransport
from sidecar.tunnels import Opening

T = TypeVar("T")


class Assembly:
    """The parts of a running sidecar.

    Raises:
        OSError: a certificate file of an upstream cannot be read.
    """

    def __init__(self, config: Config, clock: Clock, metrics: Metrics) -> None:
        self._config = config
        self._clock = clock
        self._ending = Ending()
        self.keeping = Keeping(config, clock)
        self.transports = {
            name: UpstreamTransport(upstream, clock) for name, upstream in config.upstreams.items()
        }
        self.resilience: Mapping[str, Resilience] = {
            name: Resilience(name, upstream, clock, self.keeping.secret)
            for name, upstream in config.upstreams.items()
        }
        self.table = RouteTable.from_config(config)
        self._destinations = Destinations(self.table)
        self.caching = Caching(config, clock, self.keeping, self._destinations)
        self.prefetching = Prefetching(self.resilience, clock, self._destinations)
        self.tunnelling = Tunnelling(
            {name: upstream.websocket for name, upstream in config.upstreams.items()}
        )
        self.returned = Returned(Addresses.from_config(config))
        self.keys = {
            name: Keys(upstream.credentials, clock)
            for name, upstream in config.upstreams.items()
            if upstream.credentials is not None
        }
        self.breakers = Breakers({name: each.breakers for name, each in self.resilience.items()})
        self.drilling = Drilling.of(config.drills, clock)
        self.chains = self._chains(metrics)
        self._register(metrics)

    def __repr__(self) -> str:
        return f"<Assembly {list(self.transports.values())!r}>"

    def _chains(self, metrics: Metrics) -> Chains:
        sinks = (metrics.sink(), logs.exchange_sink(self._config.log))
        parts = Parts(
            clock=self._clock,
            metrics=metrics,
            sinks=sinks,
            ending=self._ending,
            keeping=self.keeping,
            caching=self.caching,
            prefetching=self.prefetching,
            returned=self.returned,
            keys=self.keys,
            drilling=self.drilling,
        )
        handlers = {
            route: build(
                route, self.transports[route.upstream], self.resilience[route.upstream], parts
            )
            for route in self.table.entries
        }
        self._destinations.tell(handlers)
        return Chains(self.table, handlers, parts, self._openings(parts))

    def _openings(self, parts: Parts) -> Mapping[RouteEntry, Opening]:
        """How WebSockets are opened, for the routes where they pass."""
        return {
            route: Opening(
                build_handshake(
                    route,
                    self.transports[route.upstream],
                    self.resilience[route.upstream],
                    parts,
                    self.tunnelling,
                ),
                route.config.websocket,
                self.tunnelling.stats_of(route),
            )
            for route in self.table.entries
            if route.config.websocket.enabled
        }

    def _register(self, metrics: Metrics) -> None:
        """Have the figures of all parts exported."""
        shared = self.resilience
        metrics.watch_pools(lambda: {n: t.pool.stats for n, t in self.transports.items()})
        for collector in (
            RetryCollector(lambda: _by_route(shared, lambda each: each.retry_stats)),
            HedgeCollector(lambda: _by_route(shared, lambda each: each.hedge_stats)),
            BreakerCollector(
                lambda: {name: each.breaker_stats for name, each in shared.items()},
                lambda: self.breakers,
                self._clock.now,
            ),
            LimitCollector(lambda: {name: each.limit_stats for name, each in shared.items()}),
            PaceCollector(lambda: _by_route(shared, lambda each: each.pace_stats)),
            LedgerCollector(lambda: self.keeping.ledger_stats),
            StoreCollector(self.keeping.stores),
            CacheCollector(lambda: self.caching.stats),
            MessageCollector(lambda: self.caching.sharing.message_stats),
            PrefetchCollector(lambda: self.prefetching.stats),
            MediaCollector(lambda: self.caching.media.stats),
            ReturnedUrlCollector(lambda: self.returned.stats),
            KeyCollector(lambda: {name: each.stats for name, each in self.keys.items()}),
            TunnelCollector(lambda: self.tunnelling.stats),
            UsageCollector(lambda: {name: each.usage for name, each in shared.items()}),
        ):
            metrics.register(collector)
        drilling = self.drilling
        if drilling is not None:
            metrics.register(DrillCollector(lambda: drilling.stats))

    def breaker_states(self, upstream: str) -> Mapping[str, str]:
        """How the breakers of an upstream stand, by key."""
        now = self._clock.now()
        return {key: each.stage(now) for name, key, each in self.breakers if name == upstream}

    def endpoints(self) -> Sequence[Endpoint]:
        """What the admin listener serves."""
        routes = {
            upstream: [route.name for route in routes]
            for upstream, routes in self.table.routes.items()
        }
        return (
            *breaker_endpoints(self.breakers, self._clock),
            *cache_endpoints(Purging(self.caching, self.keeping, self.table, self._clock)),
            *drill_endpoints(self.drilling, routes),
        )

    async def start(self) -> None:
        """Connect the stores, and begin what the configuration says begins by itself."""
        await self.keeping.start()
        await self.caching.start()
        if self.drilling is not None:
            for drill in self._config.drills.active:
                self.drilling.start(order_of(drill))

    def give_up(self) -> None:
        """End what is under way, each exchange with an error."""
        for shared in self.resilience.values():
            shared.give_up()
        for transport in self.transports.values():
            transport.give_up()
        asyncio.get_running_loop().call_soon(self._ending.give_up)  # those that were not told yet

    async def close(self) -> None:
        """Close everything now."""
        for transport in self.transports.values():
            transport.close()
        if self.drilling is not None:
            self.drilling.close()
        await self.prefetching.close()
        await self.caching.close()
        await self.keeping.close()


def _by_route(
    shared: Mapping[str, Resilience], figures: Callable[[Resilience], Mapping[str, T]]
) -> dict[tuple[str, str], T]:
    """Figures that each upstream has by a second name, by both."""
    return {
        (upstream, name): stats
        for upstream, each in shared.items()
        for name, stats in dict(figures(each)).items()
    }
