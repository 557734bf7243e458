import asyncio
import random
from contextlib import suppress

import pytest

from sidecar.config import Pool as PoolConfig
from sidecar.errors import ConnectError
from sidecar.exchange import Timeline
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.need import Need
from sidecar.transport.pool import Pool
from tests.support.clock import FakeClock
from tests.support.connections import FakeDialer

LIMIT = 2
STEPS = 250
WEIGHTS = {
    "call": 5,
    "post": 1,
    "fresh": 1,
    "release": 4,
    "break": 1,
    "spoil": 1,
    "leave": 4,
    "dialled": 4,
    "refused": 1,
    "lose": 1,
    "wait": 1,
}


class World:
    """A pool, the calls that use it, and what must be true of them at any time."""

    def __init__(self):
        self.clock = FakeClock()
        self.dialer = FakeDialer(self.clock.now, held=True)
        config = PoolConfig(max_connections=LIMIT, idle=10.0, idle_unsafe=2.0, max_wait=600.0)
        self.pool = Pool(config, self.dialer, self.clock, PoolStats())
        self.calls = []
        self.held = []

    def call(self, *, safe=True, fresh=False):
        need = Need(safe, 3.0, 9e9, 1, Timeline(0.0), fresh)
        self.calls.append(asyncio.ensure_future(self.pool.acquire(need)))

    def release(self, which, *, good=True):
        if self.held:
            connection = self.held.pop(which % len(self.held))
            connection.good = good
            self.pool.release(connection)

    def step(self, name, which):
        idle = self.pool._idle
        if name in {"call", "post", "fresh"}:
            self.call(safe=name != "post", fresh=name == "fresh")
        elif name in {"release", "break"}:
            self.release(which, good=name == "release")
        elif name == "spoil" and self.held:
            self.held[which % len(self.held)].unasked = True
        elif name == "leave" and self.calls:
            self.calls[which % len(self.calls)].cancel()
        elif name in {"dialled", "refused"} and self.dialer.waiting:
            gate = self.dialer.waiting[which % len(self.dialer.waiting)]
            if not gate.done():
                error = ConnectError("x", code="connect_error")
                gate.set_result(None) if name == "dialled" else gate.set_exception(error)
        elif name == "lose" and idle:
            idle[which % len(idle)].abort()
        elif name == "wait":
            self.clock.advance(float(which))

    async def settle(self):
        """Let everything run that is ready to, and take what the calls were given."""
        for _ in range(8):
            await asyncio.sleep(0)
        for call in [call for call in self.calls if call.done()]:
            self.calls.remove(call)
            with suppress(ConnectError, asyncio.CancelledError):
                self.held.append(call.result())

    def check(self):
        stats, idle = self.pool.stats, list(self.pool._idle)
        assert len({*self.held, *idle}) == len(self.held) + len(idle)
        assert stats.open == len(self.held) + len(idle) + len(self.dialer.waiting) <= LIMIT
        assert stats.idle == len(idle)
        assert stats.waiters == len(self.calls) - len(self.dialer.waiting)
        assert stats.open == LIMIT or not stats.waiters
        assert not any(connection.closed for connection in idle)
        lost = [each for each in self.dialer.made if each not in {*self.held, *idle}]
        assert all(connection.closed for connection in lost)

    async def end(self):
        for call in self.calls:
            call.cancel()
        await self.settle()
        self.check()
        while self.held:
            self.release(0)
        self.check()
        self.pool.close()
        assert (self.pool.stats.open, self.pool.stats.idle, self.pool.stats.waiters) == (0, 0, 0)
        assert all(connection.closed for connection in self.dialer.made)


@pytest.mark.parametrize("seed", range(20))
async def test_no_connection_is_shared_lost_or_counted_wrongly_in_any_order_of_events(seed):
    dice, world = random.Random(seed), World()
    for name in dice.choices([*WEIGHTS], WEIGHTS.values(), k=STEPS):
        world.step(name, dice.randrange(4))
        if dice.random() < 0.5:
            await world.settle()
            world.check()
    await world.settle()
    world.check()
    assert world.pool.stats.reused > 0
    await world.end()
