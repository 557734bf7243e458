"""Store and forward, over all upstreams: the spool, and what accepts, delivers and tells.

It outlives a configuration. Where no spool is configured, there is none of it.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from random import random

from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.config.spool import SpoolConfig, SqliteSpool, key_bytes
from sidecar.delivering.callbacks import Callbacks, Target
from sidecar.delivering.control import Control
from sidecar.delivering.feed import Feed
from sidecar.delivering.intake import Intake
from sidecar.delivering.pages import Pages
from sidecar.delivering.pages import Parts as PageParts
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Outlet, Telling
from sidecar.delivering.upkeep import Upkeep
from sidecar.delivering.worker import Worker
from sidecar.exchange import Handler
from sidecar.spool import Place, Spool, SpoolDamaged, SpoolUnavailable
from sidecar.spool.opening import make_spool
from sidecar.telemetry import logs
from sidecar.telemetry.delivery_stats import DeliveryStats, SpoolStats


class Queueing:
    """What routes share to queue calls and to deliver them.

    Args:
        spool: where deliveries are kept.
        clock: where time comes from.
        secret: keys the digests; the same after a restart.
        retention: seconds for which what has ended is kept.
        draw: a random number in [0, 1) each time.
    """

    def __init__(
        self,
        spool: Spool,
        clock: Clock,
        secret: bytes,
        retention: float,
        draw: Callable[[], float] = random,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self.secret = secret
        self._outlets: dict[Place, Outlet] = {}
        self._targets: dict[Place, Target] = {}
        self._stats: dict[Place, DeliveryStats] = {}
        self.feed = Feed(spool)
        telling = Telling(self._outlets, self.feed.ring)
        settling = self._settling = Settling(spool, telling, clock)
        self.worker = Worker(spool, self._outlets, settling, clock, draw)
        self.callbacks = Callbacks(self._targets, clock)
        telling.listeners.append(self.callbacks.ended)
        self.intake = Intake(spool, clock, self._added)
        self._upkeep = Upkeep(
            spool,
            self._outlets,
            settling,
            clock,
            draw=draw,
            retention=retention,
            wake=self.worker.wake,
        )
        self.control = Control(spool, self._outlets, self.worker, clock)

    def __repr__(self) -> str:
        return f"<Queueing {self.worker!r} {self.callbacks!r}>"

    @property
    def stats(self) -> Mapping[tuple[str, str], DeliveryStats]:
        """By upstream and route, of routes that queue."""
        return {
            (place.upstream, place.route): stats
            for place, stats in self._stats.items()
            if stats.outcomes or self._queues(place)
        }

    @property
    def spool_stats(self) -> SpoolStats:
        """How much there is."""
        return self._upkeep.stats

    @property
    def busy(self) -> bool:
        """Whether a delivery or a callback is under way."""
        return self.worker.busy or self.callbacks.busy

    def pages(self, hosts: Iterable[str]) -> Handler:
        """The pages about it, for the application.

        Args:
            hosts: names by which the sidecar may be addressed, beside the usual ones.
        """
        names = frozenset(host.lower() for host in hosts)
        return Pages(PageParts(self._spool, self.feed, self._settling, self._clock, names))

    def stats_of(self, place: Place) -> DeliveryStats:
        """The figures of one route."""
        return self._stats.setdefault(place, DeliveryStats())

    def deliver_by(self, outlets: Mapping[Place, Outlet], targets: Mapping[Place, Target]) -> None:
        """Deliver by these chains and call back there, from now on. What is under way goes on."""
        self._outlets.clear()
        self._outlets.update(outlets)
        self._targets.clear()
        self._targets.update(targets)
        self.worker.wake()

    async def open(self) -> None:
        """Open the spool, and see what was interrupted. One that is not there is waited for later.

        Raises:
            OSError: what is in it cannot be read; nothing of it is thrown away.
        """
        try:
            await self._spool.open()
        except SpoolDamaged as error:
            raise OSError(str(error)) from None
        except SpoolUnavailable as error:
            self._upkeep.stats.up = False
            logs.event("spool_unavailable", level="warning", reason=str(error))
        else:
            logs.event("spool_open", durability=self._spool.durability)
            await self._upkeep.once()

    def start(self) -> None:
        """Begin to deliver."""
        self._upkeep.start()
        self.worker.start()

    def drain(self) -> None:
        """Begin no delivery any more, and end the feeds. Calls are still accepted."""
        self.worker.drain()
        self.feed.close()

    async def close(self) -> None:
        """End what is under way, and give everything back."""
        self.drain()
        await self.control.close()
        await self.worker.close()
        await self._upkeep.close()
        await self.callbacks.close()
        await self._spool.close()

    def _added(self) -> None:
        self.worker.wake()
        self.feed.ring()

    def _queues(self, place: Place) -> bool:
        outlet = self._outlets.get(place)
        return outlet is not None and outlet.rule.queue.is_on


def make_queueing(
    config: Config, clock: Clock, draw: Callable[[], float] = random
) -> Queueing | None:
    """Of a configuration; None where it has no spool.

    Raises:
        OSError: what it needs is not installed.
    """
    wanted = config.stores.spool
    if wanted is None:
        return None
    try:
        spool = make_spool(wanted)
    except SpoolUnavailable as error:
        raise OSError(str(error)) from None
    return Queueing(spool, clock, _secret(config, wanted), wanted.retention, draw)


def _secret(config: Config, spool: SpoolConfig) -> bytes:
    """What keys the digests in the spool: the same after a restart, as lanes and keys must be."""
    if config.stores.secret is not None:
        known = config.stores.secret.encode()
    elif spool.key is not None:
        known = key_bytes(spool.key)
    else:
        known = (spool.path if isinstance(spool, SqliteSpool) else str(spool.url)).encode()
    return blake2b(known, person=b"sidecar-spool").digest()
