"""The connections of one upstream: reused newest first, bounded in number, age and idle time.

Never hands out a connection that is in doubt. Knows nothing of requests beyond whether one may
be sent twice.
"""

import asyncio
from collections import OrderedDict, deque

from sidecar.clock import Clock
from sidecar.config import Pool as PoolConfig
from sidecar.core.allowance import allow
from sidecar.core.idle import IdleLimit
from sidecar.errors import Draining, ExchangeError, PoolTimeout
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.connection import Connection
from sidecar.transport.dial import Dialer
from sidecar.transport.need import Need

_SWEEP = 0.02
"""Seconds at least between two looks for connections that were idle for too long."""

_STOPPING = "the sidecar is shutting down"


class Pool:
    """The connections of one upstream."""

    def __init__(self, config: PoolConfig, dialer: Dialer, clock: Clock, stats: PoolStats) -> None:
        self._config = config
        self._dialer = dialer
        self._clock = clock
        self._idle: deque[Connection] = deque()  # the newest at the right
        self._busy: set[Connection] = set()
        self._waiters: OrderedDict[asyncio.Future[Connection | None], None] = OrderedDict()
        self._sweep: asyncio.TimerHandle | None = None
        self._dialling: set[asyncio.Timeout] = set()
        self._given_up = False
        self._closed = False
        self.limit = IdleLimit(config.idle, config.idle_unsafe)
        self.stats = stats

    def __repr__(self) -> str:
        stats = self.stats
        return f"<Pool {stats.open} open, {stats.idle} idle, {stats.waiters} waiters>"

    async def acquire(self, need: Need) -> Connection:
        """A connection for one exchange; it goes back with `release`.

        Raises:
            PoolTimeout: all were busy for `pool.max_wait`.
            ConnectError: a new one was needed and failed.
            ConnectTimeout: a new one was needed and took too long.
            DeadlineExceeded: the deadline came first.
            Draining: the sidecar stopped, before or meanwhile.
        """
        if self._given_up:
            raise Draining(_STOPPING, sent=False)
        connection = self.at_once(need)
        if connection is not None:
            return connection
        if self.stats.open < self._config.max_connections:
            self.stats.open += 1
        else:
            connection = self._checked(await self._wait(need))
        if connection is None:
            connection = await self._dial(need)
        else:
            self.stats.reused += 1
        self._busy.add(connection)
        return connection

    async def _dial(self, need: Need) -> Connection:
        """Fill a place that is already counted as open."""
        self.stats.dials += 1
        started = self._clock.now()
        allowance = allow("connect_timeout", need.connect, need.deadline - started)
        given_up = asyncio.timeout(None)
        self._dialling.add(given_up)
        try:
            async with given_up:
                connection = await self._dialer.dial(allowance, need.attempt)
        except BaseException as error:
            if isinstance(error, ExchangeError):
                self.stats.fail(error.code)
            self._vacate()
            if given_up.expired():
                raise Draining(_STOPPING, sent=False) from error
            raise
        finally:
            self._dialling.discard(given_up)
            need.timeline.dial += self._clock.now() - started
        connection.lost = self._lost
        return connection

    def release(self, connection: Connection) -> None:
        """Take a connection back, finished or not; what is not reusable is closed."""
        self._busy.discard(connection)
        if connection.finish():
            self._keep(connection)
        else:
            self._discard(connection, "not_reusable")

    def let_go(self, connection: Connection) -> None:
        """Give up a connection that carries no exchanges any more, but lives on."""
        self._busy.discard(connection)
        self._vacate()

    def _keep(self, connection: Connection) -> None:
        if self._closed:
            self._discard(connection, "closed")
        elif self._clock.now() - connection.created_at > self._config.max_age:
            self._discard(connection, "max_age")
        elif not self._hand_over(connection):
            self._idle.append(connection)
            self.stats.idle = len(self._idle)
            if self._sweep is None:
                self._schedule_sweep()

    def give_up(self) -> None:
        """End what is under way, because the sidecar stops: every exchange gets its error."""
        self._given_up = True
        for future in self._waiters:
            if not future.done():
                future.set_exception(Draining(_STOPPING, sent=False))
        for scope in self._dialling:
            scope.reschedule(0.0)
        for connection in self._busy:
            connection.fail(Draining(f"{_STOPPING}, and stopped waiting for the answer", sent=True))

    def close(self) -> None:
        """Close what is idle; what is busy closes when it comes back."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._discard(self._idle.pop(), "closed")

    def at_once(self, need: Need) -> Connection | None:
        """What `acquire` gives without waiting: a kept connection; None where none will do."""
        now = self._clock.now()
        while self._idle and not need.fresh and not self._given_up:
            connection = self._idle.pop()
            idle_for = now - connection.idle_since
            if connection.spoiled:
                self._discard(connection, "spoiled")
            elif now - connection.created_at > self._config.max_age:
                self._discard(connection, "max_age")
            elif not self.limit.usable(idle_for, now, safe=True):
                self._discard(connection, "idle")
            elif need.safe or self.limit.usable(idle_for, now, safe=False):
                self.limit.observe_reuse(idle_for)
                self.stats.idle = len(self._idle)
                self.stats.reused += 1
                self._busy.add(connection)
                return connection
            elif self.stats.open >= self._config.max_connections:
                self._discard(connection, "idle")  # make room for a new one
            else:
                self._idle.append(connection)
                return None
        return None

    async def _wait(self, need: Need) -> Connection | None:
        """A connection that became free, or None for a place to open one in."""
        started = self._clock.now()
        allowance = allow("pool_timeout", self._config.max_wait, need.deadline - started)
        future: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiters[future] = None
        self.stats.waiters = len(self._waiters)
        try:
            async with asyncio.timeout(allowance.seconds):
                return await future
        except BaseException as error:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._pass_on(future.result())
            if not isinstance(error, TimeoutError):
                raise
            if allowance.code == "total_timeout":
                raise allowance.expired("while waiting for a connection", need.attempt) from error
            raise PoolTimeout(
                f"all {self._config.max_connections} connections stayed busy "
                f"for {allowance.seconds:g} s (pool.max_wait)",
                code="pool_timeout",
            ) from error
        finally:
            need.timeline.pool_wait += self._clock.now() - started
            self._waiters.pop(future, None)  # in a list, each would cost as much as there wait
            self.stats.waiters = len(self._waiters)

    def _checked(self, connection: Connection | None) -> Connection | None:
        """A connection that was handed over, unless something happened to it on the way."""
        if connection is None or not connection.spoiled:
            return connection
        self.stats.discard("spoiled")
        connection.lost = None
        connection.abort()
        return None

    def _hand_over(self, connection: Connection | None) -> bool:
        """Give a connection, or a place to open one in, to the first who waits."""
        while self._waiters:
            future, _ = self._waiters.popitem(last=False)
            if not future.done():
                future.set_result(connection)
                return True
        return False

    def _pass_on(self, connection: Connection | None) -> None:
        """Somebody was given a connection, or a place, and left before taking it."""
        if connection is not None:
            self._keep(connection)
        else:
            self._vacate()

    def _discard(self, connection: Connection, reason: str) -> None:
        self.stats.discard(reason)
        self.stats.idle = len(self._idle)
        connection.lost = None
        connection.abort()
        self._vacate()

    def _vacate(self) -> None:
        if not self._hand_over(None):
            self.stats.open -= 1

    def _lost(self, connection: Connection) -> None:
        """An idle connection ended by itself: the upstream closed it, or sent what it may not."""
        if connection in self._idle:
            self._idle.remove(connection)
            now = self._clock.now()
            self.limit.observe_close(now - connection.idle_since, now, broke=connection.broke)
            self._discard(connection, "upstream_closed")

    def _drop_idle(self) -> None:
        self._sweep = None
        now = self._clock.now()
        while self._idle and now - self._idle[0].idle_since >= self.limit.limit(now):
            self._discard(self._idle.popleft(), "idle")
        if self._idle:
            self._schedule_sweep()

    def _schedule_sweep(self) -> None:
        """Look again when the connection that is idle for longest has been so for too long."""
        now = self._clock.now()
        left = self.limit.limit(now) - (now - self._idle[0].idle_since)
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(max(left, _SWEEP), self._drop_idle)
