"""The composition root: Config → transports, chains, listeners; start, drain, close.

The only module that knows all the others.
"""

import asyncio
import signal
from hashlib import sha256
from urllib.parse import urlsplit

from sidecar import __version__
from sidecar.admin.app import make_admin_app
from sidecar.assembly import Assembly
from sidecar.clock import Clock, SystemClock
from sidecar.config import Address, Config
from sidecar.listener import Listener
from sidecar.loops import loop_factory
from sidecar.ops import State, Status, UpstreamStatus, make_ops_app
from sidecar.servers import Bound, Servers
from sidecar.side_listener import Runner, make_runner
from sidecar.telemetry import logs
from sidecar.telemetry.metrics import Metrics

_QUIET = 0.25
"""Seconds without an exchange after which draining ends early."""
_TICK = 0.02
_LAST_WORDS = 0.2
"""Seconds in which calls that are given up can still be told so."""


class Sidecar:
    """The running program.

    Raises:
        OSError: a certificate file of an upstream cannot be read.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._started_at = self._clock.now()
        self._state: State = "starting"
        self.metrics = Metrics(__version__)
        self.metrics.set_config(sha256=sha256(repr(config).encode()).hexdigest())
        self._parts = Assembly(config, self._clock, self.metrics)
        self._listener = Listener(self._parts.chains, config.limits)
        self._servers = Servers(config, self._listener)
        self._ops = make_runner(make_ops_app(self.status, self.metrics))
        self._admin = self._make_admin(config)
        self.bound: Bound = {}
        """Where: `proxy`, `proxy_tls`, `ops`, `admin`, `upstream:NAME`, `upstream-tls:NAME`."""

    def __repr__(self) -> str:
        return f"<Sidecar {self._state} {self._listener!r} {self._parts!r}>"

    def _make_admin(self, config: Config) -> Runner | None:
        if config.listen.admin is None:
            return None
        endpoints = self._parts.endpoints()
        return make_runner(make_admin_app(config.admin, config.listen.admin, endpoints))

    async def start(self) -> None:
        """Bind all listeners.

        Raises:
            OSError: an address is taken or not ours, or a certificate file cannot be read.
        """
        try:
            self.bound = await self._servers.start()
            await self._ops.setup()
            self.bound["ops"] = await self._servers.listen(self._ops, self._config.listen.ops)
            if self._admin is not None and self._config.listen.admin is not None:
                await self._admin.setup()
                where = self._config.listen.admin
                self.bound["admin"] = await self._servers.listen(self._admin, where)
            await self._parts.start()
        except BaseException:
            await self.close()
            raise
        self._state = "ready"
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        listeners = ", ".join(_names(self.bound))
        logs.event("started", version=__version__, listeners=listeners, loop=loop)

    def status(self) -> Status:
        """How things stand, for the ops listener."""
        return Status(
            version=__version__,
            state=self._state,
            uptime=round(self._clock.now() - self._started_at, 3),
            listeners=tuple(_names(self.bound)),
            upstreams={
                name: UpstreamStatus(
                    url=_origin(self._config.upstreams[name].url),
                    inflight=self.metrics.inflight(name).count,
                    pool=transport.pool.stats,
                    breakers=self._parts.breaker_states(name),
                )
                for name, transport in self._parts.transports.items()
            },
            stores={
                name: "up" if stats.up else "down"
                for name, stats in self._parts.keeping.stores().items()
            },
        )

    async def drain(self) -> None:
        """Stop: no longer ready, serve what still comes, finish what is in flight.

        Ends when nothing was in flight for a moment, at the latest after `drain_timeout`.
        """
        self._state = "draining"
        self._listener.drain()
        logs.event("draining", inflight=self._listener.inflight)
        await self._quiet(self._config.drain_timeout, _QUIET)
        if self._listener.busy:
            self._parts.give_up()
            await self._quiet(_LAST_WORDS, 0.0)
        await self.close()

    async def _quiet(self, limit: float, quiet: float) -> None:
        """Wait until nothing was in flight for `quiet` seconds, `limit` at the most."""
        idle_since = self._clock.now()
        end = idle_since + limit
        while (now := self._clock.now()) < end:
            if self._listener.busy:
                idle_since = now
            elif now - idle_since >= quiet:
                return
            await self._clock.sleep(_TICK)

    async def close(self) -> None:
        """Close everything now."""
        await self._servers.close()
        await self._listener.stop()
        await self._parts.close()
        for runner in (self._ops, self._admin):
            if runner is not None:
                await runner.cleanup()


def _origin(url: str) -> str:
    """Without its path, which may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _names(bound: Bound) -> list[str]:
    return [
        f"{kind} {address}"
        for kind, where in bound.items()
        for address in ([where] if isinstance(where, Address) else where)
    ]


async def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        OSError: an address or a file of the configuration cannot be used.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    sidecar = Sidecar(config)
    await sidecar.start()
    await stopping.wait()
    await sidecar.drain()
    logs.event("stopped")


def run(config: Config) -> int:
    """Run the sidecar in this process: 0 when it was stopped in order, 1 when it did not start."""
    logs.setup(config.log)
    try:
        with asyncio.Runner(loop_factory=loop_factory(config.loop)) as runner:
            runner.run(serve(config))
    except OSError as error:
        logs.event("failed", level="error", reason=str(error))
        return 1
    finally:
        logs.flush()
    return 0
