import asyncio

import pytest

from sidecar.config import Pool as PoolConfig
from sidecar.errors import ConnectError, Draining
from sidecar.exchange import Timeline
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.need import Need
from sidecar.transport.pool import Pool
from tests.support.clock import FakeClock
from tests.support.connections import FakeDialer
from tests.support.costs import cheap


class Busy:
    """A pool whose only connection is held, and calls that wait for it."""

    def __init__(self, *, held_dials=False):
        self.clock = FakeClock()
        self.dialer = FakeDialer(self.clock.now, held=held_dials)
        self.pool = Pool(
            PoolConfig(max_connections=1, max_wait=60.0), self.dialer, self.clock, PoolStats()
        )

    async def __aenter__(self):
        first = self.call()
        await turns()
        for gate in self.dialer.waiting:
            gate.set_result(None)
        self.connection = await first
        return self

    async def __aexit__(self, *_):
        self.pool.close()

    def call(self):
        self.timeline = Timeline(0.0)
        return asyncio.ensure_future(self.pool.acquire(Need(True, 3.0, 9e9, 1, self.timeline)))

    async def waiting(self, count):
        calls = [self.call() for _ in range(count)]
        await turns()
        assert self.figures == (1, 0, count)
        return calls

    @property
    def figures(self):
        stats = self.pool.stats
        return stats.open, stats.idle, stats.waiters


async def turns(count=6):
    """Let everything run that is ready to."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_waiting_calls_are_served_in_the_order_in_which_they_came():
    async with Busy() as busy:
        calls = await busy.waiting(3)
        for served, call in enumerate(calls):
            busy.pool.release(busy.connection)
            assert await call is busy.connection
            assert [other.done() for other in calls] == [True] * (served + 1) + [False] * (
                2 - served
            )
        assert (busy.figures, busy.pool.stats.reused) == ((1, 0, 0), 3)


async def test_nobody_overtakes_those_who_wait():
    async with Busy() as busy:
        (patient,) = await busy.waiting(1)
        busy.pool.release(busy.connection)
        late = busy.call()
        await turns()
        assert (patient.done(), late.done()) == (True, False)
        busy.pool.release(await patient)
        assert await late is busy.connection


async def test_the_time_spent_waiting_is_written_down():
    async with Busy() as busy:
        (call,) = await busy.waiting(1)
        busy.clock.advance(1.5)
        busy.pool.release(busy.connection)
        await call
        assert (busy.timeline.pool_wait, busy.timeline.dial) == (1.5, 0.0)


@pytest.mark.parametrize("handed_over", [False, True], ids=["before its turn", "in its turn"])
async def test_a_call_that_leaves_gives_its_turn_on(handed_over):
    async with Busy() as busy:
        first, second = await busy.waiting(2)
        if handed_over:
            busy.pool.release(busy.connection)
            first.cancel()
        else:
            first.cancel()
            await turns()
            busy.pool.release(busy.connection)
        assert await second is busy.connection
        assert first.cancelled()
        assert busy.figures == (1, 0, 0)


async def test_a_connection_whose_taker_left_is_kept_when_nobody_else_waits():
    async with Busy() as busy:
        (call,) = await busy.waiting(1)
        busy.pool.release(busy.connection)
        call.cancel()
        await turns()
        assert call.cancelled()
        assert busy.figures == (1, 1, 0)
        assert await busy.call() is busy.connection


@pytest.mark.parametrize("leaves", [False, True])
async def test_a_place_becomes_a_new_connection_for_the_next_in_line(leaves):
    async with Busy() as busy:
        first, second = await busy.waiting(2)
        busy.connection.good = False
        busy.pool.release(busy.connection)
        if leaves:
            first.cancel()
        new = await (second if leaves else first)
        assert new is not busy.connection
        assert busy.figures == (1, 0, 0 if leaves else 1)
        second.cancel()


async def test_a_dial_that_fails_gives_the_place_to_the_next_in_line():
    async with Busy(held_dials=True) as busy:
        first, second = await busy.waiting(2)
        busy.connection.good = False
        busy.pool.release(busy.connection)
        await turns()
        busy.dialer.waiting[0].set_exception(ConnectError("x", code="connect_error"))
        await turns()
        with pytest.raises(ConnectError):
            await first
        busy.dialer.waiting[0].set_result(None)
        assert await second is busy.dialer.made[-1]
        assert busy.figures == (1, 0, 0)


async def test_a_call_that_leaves_while_it_dials_gives_the_place_on():
    async with Busy(held_dials=True) as busy:
        first, second = await busy.waiting(2)
        busy.connection.good = False
        busy.pool.release(busy.connection)
        await turns()
        first.cancel()
        await turns()
        busy.dialer.waiting[0].set_result(None)
        assert await second is busy.dialer.made[-1]
        assert busy.figures == (1, 0, 0)


@pytest.mark.parametrize("how", ["closed", "unasked"])
async def test_a_connection_that_was_spoiled_on_its_way_to_who_waits_is_replaced(how):
    async with Busy() as busy:
        (call,) = await busy.waiting(1)
        busy.pool.release(busy.connection)
        setattr(busy.connection, how, True)
        new = await call
        assert new is not busy.connection
        assert busy.connection.closed
        assert (busy.figures, busy.pool.stats.reused) == ((1, 0, 0), 0)


async def test_a_dial_after_a_wait_is_given_what_is_left_by_then():
    async with Busy() as busy:
        timeline = Timeline(0.0)
        need = Need(True, 3.0, busy.clock.now() + 2.0, 1, timeline)
        waiting = asyncio.ensure_future(busy.pool.acquire(need))
        await turns()
        busy.clock.advance(1.5)
        busy.connection.good = False
        busy.pool.release(busy.connection)
        await waiting
        assert busy.dialer.asked[-1] == (0.5, "total_timeout")


async def test_when_the_sidecar_stops_calls_that_dial_and_that_wait_are_told_so():
    async with Busy(held_dials=True) as busy:
        dialling, waiting = await busy.waiting(2)
        busy.connection.good = False
        busy.pool.release(busy.connection)
        await turns()
        busy.pool.give_up()
        for call in (dialling, waiting):
            with pytest.raises(Draining) as caught:
                await call
            assert caught.value.sent is False
        assert busy.figures == (0, 0, 0)
        assert busy.dialer.waiting == []


async def test_a_call_that_comes_after_the_sidecar_has_given_up_is_not_begun():
    async with Busy() as busy:
        busy.pool.release(busy.connection)
        busy.pool.give_up()
        with pytest.raises(Draining):
            await busy.call()
        assert len(busy.dialer.made) == 1


async def test_a_turn_costs_the_same_however_many_wait():
    async with Busy() as busy:
        calls = await busy.waiting(10_000)
        with cheap(0.4):
            for call in calls[:2000]:
                busy.pool.release(busy.connection)
                assert await call is busy.connection
            for call in reversed(calls):
                call.cancel()
            await turns()
        assert busy.figures == (1, 0, 0)
