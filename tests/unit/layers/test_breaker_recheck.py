import asyncio

import pytest

from sidecar.errors import (
    Rejected,
)
from sidecar.exchange import stack
from sidecar.layers.breaker import recheck
from tests.support.breakers import DUE, Guarded, judged
from tests.support.builders import exchange
from tests.support.clock import FakeClock
from tests.support.virtual_time import virtually


class Turnstile:
    """Makes calls wait between the breaker and the recheck, as a limit does."""

    def __init__(self):
        self.free = asyncio.Event()
        self.passed = 0
        self.rejected = 0

    def __call__(self, next_):
        async def wait(subject):
            await self.free.wait()
            self.passed += 1
            try:
                return await next_(subject)
            except Rejected:
                self.rejected += 1
                raise

        return wait


@virtually
async def test_what_has_waited_for_its_turn_is_held_if_the_breaker_has_opened_meanwhile():
    turnstile = Turnstile()
    world = Guarded(between=turnstile)
    early = world.start("GET", "GET")
    await asyncio.sleep(0)
    for _ in range(5):
        world.breaker.admit(0.0, safe=True).settle("failure", 0.0)
    turnstile.free.set()
    assert await asyncio.gather(*early) == [200, 200]
    assert world.calls == [(DUE, "GET")] * 2
    assert (turnstile.passed, turnstile.rejected) == (4, 2)
    assert world.last.timeline.held == pytest.approx(DUE)


@virtually
async def test_what_may_not_wait_is_refused_by_the_recheck():
    turnstile = Turnstile()
    world = Guarded(between=turnstile, hold=0.0)
    tasks = world.start("GET", "POST")
    await asyncio.sleep(0)
    for _ in range(5):
        world.breaker.admit(0.0, safe=True).settle("failure", 0.0)
    turnstile.free.set()
    assert await asyncio.gather(*tasks) == ["breaker_open"] * 2
    assert (world.calls, world.stats.refused) == ([], {"at_once": 2})
    assert world.refused.retry_after == pytest.approx(DUE)


@virtually
async def test_a_probe_passes_the_recheck():
    turnstile = Turnstile()
    world = Guarded(between=turnstile)
    for _ in range(5):
        world.breaker.admit(0.0, safe=True).settle("failure", 0.0)
    (probe,) = world.start("GET")
    await asyncio.sleep(1.0)
    turnstile.free.set()
    assert await probe == 200
    assert world.calls == [(1.0, "GET")]


@virtually
async def test_two_attempts_of_one_exchange_at_once_have_a_permit_each():
    turnstile = Turnstile()
    world = Guarded(between=turnstile)
    subject = exchange(deadline=30.0)
    hedged = [asyncio.create_task(world.handler(subject)) for _ in range(2)]
    await asyncio.sleep(0)
    assert world.breaker.snapshot(0.0)["in_flight"] == 2
    turnstile.free.set()
    assert [(await each).status for each in hedged] == [200, 200]
    assert world.breaker.snapshot(0.0)["in_flight"] == 0


async def test_a_call_leaves_nothing_for_the_next_of_its_task():
    world = Guarded(FakeClock())
    await world.call()
    world.breaker.force("open", 60.0, "", world.clock.now())
    assert (await stack(recheck(world.clock), on=world.upstream)(exchange())).status == 200


async def test_the_recheck_alone_lets_all_pass():
    async def upstream(_):
        return judged(204)

    answer = await stack(recheck(FakeClock()), on=upstream)(exchange())
    assert answer.status == 204
