"""Store and forward, as one configuration has it: the layers of its routes, and their deliveries.

What is queued is in `queueing.py` and outlives the configuration.
"""

from functools import partial
from urllib.parse import urlsplit

from sidecar.clock import Clock
from sidecar.config import Config, Timeouts, Upstream
from sidecar.config.queue import Callback
from sidecar.core.keys import KeyTemplate
from sidecar.core.queueing import Digests
from sidecar.core.routing import RouteEntry
from sidecar.delivering.callbacks import Target
from sidecar.delivering.rule import Rule
from sidecar.delivering.telling import Outlet
from sidecar.exchange import Handler, Layer, RawHeaders, stack
from sidecar.layers.fence import fence
from sidecar.layers.queue import queue
from sidecar.parts.kept import Kept
from sidecar.parts.queueing import Queueing
from sidecar.spool import Place
from sidecar.telemetry.delivery_stats import DeliveryStats
from sidecar.transport.upstream import UpstreamTransport


class QueueRoutes:
    """What the routes of one configuration do with the queue.

    Args:
        config: all of it.
        queueing: what is queued.
        clock: where time comes from.
        kept: what the configuration before has left.
    """

    def __init__(self, config: Config, queueing: Queueing, clock: Clock, kept: Kept) -> None:
        self._config = config
        self._queueing = queueing
        self._clock = clock
        self._kept = kept
        self._outlets: dict[Place, Outlet] = {}
        self._targets: dict[Place, Target] = {}
        self.pages = queueing.pages(config.admin.hosts)
        kept.when_in_force(lambda: queueing.deliver_by(self._outlets, self._targets))

    def __repr__(self) -> str:
        return f"<QueueRoutes {len(self._outlets)} routes>"

    def layer(self, route: RouteEntry) -> Layer | None:
        """Queues calls, where the route says so."""
        stats = self._queueing.stats_of(_place(route))
        return queue(self._rule(route), self._queueing.intake, stats)

    def entry(self, route: RouteEntry, *above: Layer) -> Layer:
        """Where deliveries enter the chain; live calls pass as if it were not there.

        Args:
            route: the route; also one that does not queue any more may have deliveries.
            above: the layers that deliveries go through first.
        """
        rule, place = self._rule(route), _place(route)
        stats = self._queueing.stats_of(place)
        if rule.queue.callback is not None:
            self._targets[place] = self._target(rule.queue.callback, stats)

        def layer(next_: Handler) -> Handler:
            self._outlets[place] = Outlet(rule, stack(*above, on=next_), stats)
            return next_

        return layer

    def fence(self) -> Layer:
        """Has it written down that a delivery is about to be sent."""
        return fence()

    def _rule(self, route: RouteEntry) -> Rule:
        config, secret = route.config.queue, self._queueing.secret
        upstream = self._config.upstreams[route.upstream]
        breaker = KeyTemplate(route.config.breaker.key, route.expression, secret)
        return Rule(
            place=_place(route),
            queue=config,
            order=KeyTemplate(config.order, route.expression, secret) if config.order else None,
            digests=Digests(config.dedup, secret),
            total=route.config.timeouts.total,
            is_harmless=_harmless(upstream),
            rests_whole=breaker.constant,
        )

    def _target(self, callback: Callback, stats: DeliveryStats) -> Target:
        parts = urlsplit(callback.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        make = partial(UpstreamTransport, Upstream(url=origin), self._clock)
        transport = self._kept.shared("callback", origin, None, make)
        timeouts = Timeouts(total=callback.timeout)
        return Target(callback, transport.handler(timeouts), parts.path or "/", stats)


def _place(route: RouteEntry) -> Place:
    return Place(route.upstream, route.name)


def _harmless(upstream: Upstream) -> "_Harmless":
    ledger = upstream.ledger
    return _Harmless(ledger.header if ledger.enabled and ledger.honoured else None)


class _Harmless:
    """Whether a request has an idempotency key that its upstream honours."""

    def __init__(self, header: str | None) -> None:
        self._name = header.lower().encode() if header else None

    def __call__(self, headers: RawHeaders) -> bool:
        return any(bool(value) and name.lower() == self._name for name, value in headers)
