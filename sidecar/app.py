"""The composition root: Config → transports, chains, listeners; start, drain, close.

The only module that knows all the others.
"""

import asyncio
import signal
from hashlib import sha256
from urllib.parse import urlsplit

from sidecar import __version__
from sidecar.clock import Clock, SystemClock
from sidecar.config import Address, Config
from sidecar.core.budget import Budget
from sidecar.core.routing import RouteTable
from sidecar.listener import Chains, Listener
from sidecar.loops import loop_factory
from sidecar.ops import State, Status, UpstreamStatus, make_ops_app, make_ops_runner
from sidecar.pipeline import Parts, build
from sidecar.servers import Bound, Servers
from sidecar.telemetry import logs
from sidecar.telemetry.metrics import Metrics
from sidecar.transport.upstream import UpstreamTransport

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
        self._transports = {
            name: UpstreamTransport(upstream, self._clock)
            for name, upstream in config.upstreams.items()
        }
        self._listener = Listener(self._chains(), config.limits)
        self._servers = Servers(config, self._listener)
        self._ops = make_ops_runner(make_ops_app(self.status, self.metrics))
        self.metrics.watch_pools(lambda: {n: t.pool.stats for n, t in self._transports.items()})
        self.bound: Bound = {}
        """Where it listens: `proxy`, `proxy_tls`, `ops`, `upstream:NAME`, `upstream-tls:NAME`."""

    def __repr__(self) -> str:
        return f"<Sidecar {self._state} {self._listener!r} {list(self._transports.values())!r}>"

    def _chains(self) -> Chains:
        table = RouteTable.from_config(self._config)
        sinks = (self.metrics.sink(), logs.exchange_sink(self._config.log))
        budgets = {
            name: Budget(budget.ratio, budget.burst, budget.floor)
            for name, upstream in self._config.upstreams.items()
            for budget in [upstream.retry.budget]
        }
        parts = Parts(self._clock, self.metrics, sinks, budgets)
        handlers = {
            route: build(route, self._transports[route.upstream], parts)
            for routes in table.routes.values()
            for route in routes
        }
        return Chains(table, handlers, parts)

    async def start(self) -> None:
        """Bind all listeners.

        Raises:
            OSError: an address is taken or not ours, or a certificate file cannot be read.
        """
        try:
            self.bound = await self._servers.start()
            await self._ops.setup()
            self.bound["ops"] = await self._servers.listen_ops(self._ops)
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
                )
                for name, transport in self._transports.items()
            },
        )

    async def drain(self) -> None:
        """Stop: no longer ready, serve what still comes, finish what is in flight.

        Ends when nothing was in flight for a moment, at the latest after `drain_timeout`.
        """
        self._state = "draining"
        self._listener.draining = True
        logs.event("draining", inflight=self._listener.inflight)
        await self._quiet(self._config.drain_timeout, _QUIET)
        if self._listener.busy:
            for transport in self._transports.values():
                transport.give_up()
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
        for transport in self._transports.values():
            transport.close()
        await self._ops.cleanup()


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
