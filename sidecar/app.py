"""The composition root: Config → transports, chains, listeners; start, reload, drain, close.

The only module that knows all the others.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import random
from typing import TYPE_CHECKING

from sidecar import __version__
from sidecar.assembly import Assembly
from sidecar.clock import Clock, SystemClock
from sidecar.config import Address, Config
from sidecar.figures import register
from sidecar.listener import Listener
from sidecar.listening import Listening, Wanted
from sidecar.ops import LIMITS, Ops, State, Status
from sidecar.oversight import Oversight
from sidecar.past import Past
from sidecar.reloading import Fresh, Reloading, Source
from sidecar.servers import Bound, Servers
from sidecar.standing import about, digest_of, named, stores_of, upstreams_of
from sidecar.telemetry import logs
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.reload_stats import ReloadCollector
from sidecar.transport.tls import without_authorities
from sidecar.watching import Watch

if TYPE_CHECKING:
    from sidecar.admin_listener import AdminListener

_QUIET = 0.25
"""Seconds without an exchange after which draining ends early."""
_TICK = 0.02  # seconds between two looks at what is in flight
_LAST_WORDS = 0.2
"""Seconds in which calls that are given up can still be told so."""


class Sidecar:
    """The running program.

    Args:
        config: what it starts with; Fresh where it was read from files.
        clock: where time comes from.
        source: reads the configuration anew; without it there is no reload.
        draw: a random number in [0, 1) each time: all that is decided by chance.

    Raises:
        OSError: a certificate file of an upstream cannot be read.
    """

    def __init__(
        self,
        config: Config | Fresh,
        *,
        clock: Clock | None = None,
        source: Source | None = None,
        draw: Callable[[], float] = random,
    ) -> None:
        first = config if isinstance(config, Fresh) else Fresh(config)
        config = first.config
        self._clock = clock or SystemClock()
        self._started_at = self._clock.now()
        self._state: State = "starting"
        self.metrics = Metrics(__version__)
        self.metrics.set_config(sha256=digest_of(config))
        self._oversight = Oversight(
            config, self.metrics, self._clock, lambda: self._parts, self._about
        )
        self._assembly = partial(Assembly, clock=self._clock, metrics=self.metrics, draw=draw)
        self._parts = self._assembly(config, onlookers=self._oversight.onlookers(config))
        self._parts.take_over()
        register(self.metrics, lambda: self._parts, self._clock.now)
        self._past = Past()
        self.reloading = Reloading(first, source, self._adopt, self._clock)
        self.metrics.register(ReloadCollector(lambda: self.reloading.stats))
        self._watch = Watch(self.reloading, lambda: self.reloading.attempt("file"), self._clock)
        self._watching: asyncio.Task[None] | None = None
        self._listener = Listener(self._parts.chains)
        self._servers = Servers(self._listener)
        ops = Wanted("ops", config.listen.ops, None, secure=False)
        self._ops = Listening(ops, Ops(self.status, self.metrics), LIMITS)
        self._admin = self._make_admin(config.listen.admin)
        self.bound: Bound = {}
        """Where: `proxy`, `proxy_tls`, `ops`, `admin`, `upstream:NAME`, `upstream-tls:NAME`."""

    def __repr__(self) -> str:
        return f"<Sidecar {self._state} {self._listener!r} {self._parts!r}>"

    @property
    def _config(self) -> Config:
        """The one in force."""
        return self.reloading.config

    def _make_admin(self, where: Address | None) -> "AdminListener | None":
        if where is None:
            return None
        # aiohttp would read the authorities twice, for a client that is not used: 2 MB, and 40 ms.
        with without_authorities():
            from sidecar.admin_listener import AdminListener
            from sidecar.endpoints import Surroundings

        surroundings = Surroundings(
            self._oversight, self.reloading, self._clock, lambda: self.bound
        )
        return AdminListener(where, self._parts, surroundings)

    async def start(self) -> None:
        """Bind all listeners.

        Raises:
            OSError: an address is taken or not ours, or a certificate file or the spool cannot be
                read.
        """
        try:
            await self._parts.open()
            await self._servers.enter(await self._servers.prepare(self._config))
            self.bound = self._servers.bound
            self._ops.bind(None)
            await self._ops.accept()
            self.bound["ops"] = self._ops.address
            if self._admin is not None:
                self.bound["admin"] = await self._admin.start()
            await self._parts.start()
            self._oversight.start()
        except BaseException:
            await self.close()
            raise
        self._state = "ready"
        self.reloading.begin()
        if self.reloading.is_possible:
            self._watching = asyncio.get_running_loop().create_task(self._watch.run())
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        listeners = ", ".join(named(self.bound))
        logs.event("started", version=__version__, listeners=listeners, loop=loop)

    async def _adopt(self, config: Config) -> Sequence[str]:
        """Put another configuration in force: all of it is there before anything changes.

        Exchanges under way end by the chains that they began with.

        Returns:
            what is new beside the configuration: certificates whose files have changed.

        Raises:
            OSError: a listener cannot be bound, or a file cannot be read. Nothing has changed.
        """
        if self._admin is not None:
            self._admin.check(config)
        change = await self._servers.prepare(config)
        before = self._parts
        try:
            onlookers = self._oversight.onlookers(config)
            parts = self._assembly(config, before=before, onlookers=onlookers)
        except BaseException:
            await change.undo()
            raise
        renewed = parts.renewed(before)
        self._past.add(parts.take_over(before))
        self._parts = parts
        if self._admin is not None:
            self._admin.go_by(parts)
        self._listener.serve_by(parts.chains)
        self.metrics.set_config(sha256=digest_of(config))
        if config.log != self._config.log:
            logs.setup(config.log)
        await self._oversight.go_by(config)
        await before.end_tracing(parts)
        if await self._servers.enter(change):
            renewed = ("~ listen.tls: the files have changed", *renewed)
        own = {name: where for name, where in self.bound.items() if name in ("ops", "admin")}
        self.bound = {**self._servers.bound, **own}
        return renewed

    def status(self) -> Status:
        """How things stand, for the ops listener."""
        return Status(
            version=__version__,
            state=self._state,
            uptime=round(self._clock.now() - self._started_at, 3),
            listeners=tuple(named(self.bound)),
            upstreams=upstreams_of(self._parts, self._config, self.metrics, self._clock.now()),
            stores=stores_of(self._parts),
        )

    def _about(self) -> Mapping[str, object]:
        """What a summary says of the program itself."""
        return about(self.status(), self.reloading)

    async def drain(self) -> None:
        """Stop: no longer ready, serve what still comes, finish what is in flight.

        Ends when nothing was in flight for a moment, at the latest after `drain_timeout`.
        """
        self._state = "draining"
        await self._stop_reloading()
        self._listener.drain()
        self._parts.drain()
        logs.event("draining", inflight=self._listener.inflight)
        await self._quiet(self._config.drain_timeout, _QUIET)
        if self._busy:
            self._parts.give_up()
            self._past.give_up()
            await self._quiet(_LAST_WORDS, 0.0)
        await self.close()

    async def _stop_reloading(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait((self._watching,))
        await self.reloading.stop()

    @property
    def _busy(self) -> bool:
        return self._listener.busy or self._parts.busy or self._servers.owes

    async def _quiet(self, limit: float, quiet: float) -> None:
        """Wait until nothing was in flight for `quiet` seconds, `limit` at the most."""
        idle_since = self._clock.now()
        end = idle_since + limit
        while (now := self._clock.now()) < end:
            if self._busy:
                idle_since = now
            elif now - idle_since >= quiet:
                return
            await self._clock.sleep(_TICK)

    async def close(self) -> None:
        """Close everything now."""
        await self._stop_reloading()
        await self._servers.close()
        await self._listener.stop()
        await self._oversight.close()
        await self._parts.close()
        await self._past.close()
        await self._ops.close()
        if self._admin is not None:
            await self._admin.close()
