"""What a configuration becomes: connections, shared state, and the chain of every route.

Each configuration has an assembly of its own, and takes from the one before it the state that is
made of the same settings (`parts/kept.py`). Binds no socket and serves nobody; that is the app's.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from random import random

from sidecar.chains import Chains
from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.breaker import Breakers
from sidecar.core.returned_urls import Addresses
from sidecar.core.routing import RouteEntry, RouteTable
from sidecar.layers.ending import Ending
from sidecar.parts.caching import Caching
from sidecar.parts.connecting import connection_settings, make_transports
from sidecar.parts.destinations import Destinations
from sidecar.parts.drills import Drills
from sidecar.parts.keeping import Keeping
from sidecar.parts.kept import Kept
from sidecar.parts.keys import Keys
from sidecar.parts.onlookers import NOBODY, Onlookers
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.queue_routes import QueueRoutes
from sidecar.parts.queueing import Queueing, make_queueing
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.parts.tracing import Tracing, make_tracing
from sidecar.parts.tunnelling import Tunnelling
from sidecar.parts.upstream_tags import basis_of
from sidecar.pipeline import Parts, build, build_handshake, build_pages
from sidecar.telemetry import logs
from sidecar.telemetry.metrics import Metrics
from sidecar.transport.upstream import UpstreamTransport
from sidecar.tunnels import Opening


class Assembly:
    """The parts of one configuration. Chains and tables are its own; what is shared is kept.

    What it takes over from the configuration in force is not changed before `take_over`.

    Args:
        config: what it is made of.
        clock: where time comes from.
        metrics: where exchanges are counted.
        before: the assembly that is in force; None for the first.
        onlookers: who else sees each exchange.
        draw: a random number in [0, 1) each time.

    Raises:
        OSError: a certificate file of an upstream cannot be read.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        metrics: Metrics,
        before: "Assembly | None" = None,
        onlookers: Onlookers = NOBODY,
        *,
        draw: Callable[[], float] = random,
    ) -> None:
        self.config = config
        self._onlookers = onlookers
        self._clock = clock
        self.kept: Kept = Kept(before.kept if before else None)
        kept = self.kept
        self._ending = kept.totals("ending", "", Ending)
        self.transports = make_transports(config, clock, kept)
        self.keeping = Keeping(config, clock, kept)
        self.resilience: Mapping[str, Resilience] = {
            name: Resilience(name, upstream, clock, self.keeping.secret, draw, kept=kept)
            for name, upstream in config.upstreams.items()
        }
        self.table = RouteTable.from_config(config)
        self._destinations = Destinations(self.table)
        self.caching = Caching(config, clock, self.keeping, self._destinations, kept, draw=draw)
        self.prefetching = Prefetching(self.resilience, clock, self._destinations, kept)
        self.tunnelling = Tunnelling(
            {name: upstream.websocket for name, upstream in config.upstreams.items()}, kept
        )
        self.returned = Returned(Addresses.from_config(config), kept)
        self.keys: Mapping[str, Keys] = {
            name: Keys(name, upstream.credentials, clock, kept)
            for name, upstream in config.upstreams.items()
            if upstream.credentials is not None
        }
        self.breakers = Breakers({name: each.breakers for name, each in self.resilience.items()})
        self.drills = Drills(config.drills, clock, kept, draw)
        self.queueing: Queueing | None = kept.shared(
            "queueing", "", config.stores, lambda: make_queueing(config, clock, draw)
        )
        self._queue_routes = (
            QueueRoutes(config, self.queueing, clock, kept) if self.queueing is not None else None
        )
        self.tracing: Tracing | None = make_tracing(
            config, clock, before.tracing if before else None
        )
        self.chains = self._chains(metrics)

    def __repr__(self) -> str:
        return f"<Assembly {list(self.transports.values())!r}>"

    def _chains(self, metrics: Metrics) -> Chains:
        sinks = (metrics.sink(), *self._onlookers.sinks, logs.exchange_sink(self.config.log))
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
            drilling=self.drills.drilling,
            queueing=self._queue_routes,
            tracing=self.tracing,
            observer=self._onlookers.observer,
        )
        handlers = {
            route: build(
                route, self.transports[route.upstream], self.resilience[route.upstream], parts
            )
            for route in self.table.entries
        }
        self._destinations.tell(handlers)
        queue = self._queue_routes
        pages = build_pages(queue.pages, parts) if queue is not None else None
        limits = self.config.limits
        return Chains(self.table, handlers, parts, limits, self._openings(parts), pages)

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

    @property
    def busy(self) -> bool:
        """Whether something is under way that no application waits for."""
        return self.queueing is not None and self.queueing.busy

    async def open(self) -> None:
        """Open the spool, before there are calls to be kept in it.

        Raises:
            OSError: it cannot be read.
        """
        if self.queueing is not None:
            await self.queueing.open()

    def take_over(self, before: "Assembly | None" = None) -> Sequence[object]:
        """Be in force, at one stroke: from here on the states go by this configuration.

        Args:
            before: what was in force.

        Returns:
            the states of `before` that are not used on; exchanges may be under way with them.
        """
        gone = self.kept.enter_force()
        if before is not None:
            upstreams = self.config.upstreams
            self.caching.take_over(
                [
                    name
                    for name, each in before.config.upstreams.items()
                    if name not in upstreams or basis_of(upstreams[name]) != basis_of(each)
                ]
            )
            self.drills.begin()
            gone.append(before.prefetching)
        return gone

    def renewed(self, before: "Assembly") -> Sequence[str]:
        """Where connections are made anew although no setting has changed: certificates have."""
        return [
            f"~ upstreams.{name}.tls: the files have changed"
            for name, upstream in self.config.upstreams.items()
            if (earlier := before.config.upstreams.get(name)) is not None
            and self.transports[name] is not before.transports[name]
            and connection_settings(upstream) == connection_settings(earlier)
        ]

    async def start(self) -> None:
        """Connect the stores, and begin what the configuration says begins by itself."""
        if self.queueing is not None:
            self.queueing.start()
        await self.keeping.start()
        await self.caching.start()
        self.drills.begin()

    def drain(self) -> None:
        """Begin nothing more that no application waits for."""
        if self.queueing is not None:
            self.queueing.drain()

    def give_up(self) -> None:
        """End what is under way, each exchange with an error."""
        for shared in self.resilience.values():
            shared.give_up()
        for transport in self.transports.values():
            transport.give_up()
        asyncio.get_running_loop().call_soon(self._ending.give_up)  # those that were not told yet

    async def close(self) -> None:
        """Close everything now."""
        if self.queueing is not None:
            await self.queueing.close()
        for each in self.kept.states():
            if isinstance(each, UpstreamTransport):
                each.close()
        if self.drills.drilling is not None:
            self.drills.drilling.close()
        await self.prefetching.close()
        await self.caching.close()
        await self.keeping.close()
        if self.tracing is not None:
            await self.tracing.close()

    async def end_tracing(self, after: "Assembly") -> None:
        """Send what waits for a collector that `after` does not send to."""
        ours, theirs = self.tracing, after.tracing
        if ours is not None and (theirs is None or theirs.exporter is not ours.exporter):
            await ours.close()
