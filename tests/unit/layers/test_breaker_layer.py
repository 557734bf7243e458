import asyncio

import pytest

from sidecar.errors import (
    Rejected,
)
from tests.support.breakers import DUE, REFUSED, Guarded, hang, judged
from tests.support.builders import exchange
from tests.support.clock import FakeClock
from tests.support.virtual_time import virtually


@virtually
async def test_a_call_waits_for_the_probe_and_follows_it():
    world = Guarded()
    await world.open()
    world.does = judged
    assert await asyncio.gather(*world.start("GET", "POST", "GET")) == [200] * 3
    assert world.calls == [(DUE, "GET"), (DUE, "POST"), (DUE, "GET")]
    assert (world.stats.held, world.stats.held_now, world.stats.refused) == (3, 0, {})
    assert world.stats.held_seconds == pytest.approx(3 * DUE)


@virtually
async def test_the_time_that_a_call_waited_is_in_its_timeline():
    world = Guarded()
    await world.open()
    world.does = judged
    await world.call()
    assert world.last.timeline.held == pytest.approx(DUE)


async def test_without_a_hold_a_call_is_refused_at_once():
    world = Guarded(FakeClock(), hold=0.0)
    await world.open()
    for method in ("GET", "POST"):
        assert await world.call(method) == "breaker_open"
        assert world.refused.retry_after == pytest.approx(DUE)
    assert (world.calls, world.stats.refused) == ([], {"at_once": 2})


@virtually
async def test_calls_wait_as_long_as_they_may_and_others_longer_than_reads():
    world = Guarded(hold=1.0)
    await world.open()
    world.does = hang  # the probe never ends, and so are those that follow it
    ended = {}

    async def timed(name, method, left):
        code = await world.call(method, left)
        ended[name] = (code, round(world.clock.now(), 3))

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        probe = group.create_task(world.call())
        await asyncio.sleep(0.3)
        for name, method, left in [("read", "GET", 9), ("write", "POST", 9), ("late", "PUT", 0.5)]:
            group.create_task(timed(name, method, left))
        await asyncio.sleep(2.5)
        probe.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
    assert ended["read"] == ("breaker_open", 1.3)
    assert ended["late"] == ("breaker_open", 0.8)
    assert world.stats.refused == {"held_too_long": 2}  # the write has become a probe
    assert world.calls[1] == (2.25, "POST")


@virtually
async def test_what_cannot_be_worth_while_is_not_waited_for():
    world = Guarded(open=5.0)
    await world.open()
    began = world.clock.now()
    assert await world.call(left=4.9) == "breaker_open"
    assert world.clock.now() == began
    world.does = judged
    assert await world.call("POST", left=6.0) == 200


@virtually
async def test_what_was_waited_for_earlier_attempts_is_taken_off():
    world = Guarded(hold=1.0, open=0.5)
    await world.open()
    subject = exchange(deadline=30.0)
    subject.timeline.held = 0.6
    with pytest.raises(Rejected):
        await world.handler(subject)
    assert world.clock.now() == 0.0


@virtually
async def test_only_so_many_wait():
    world = Guarded(max_held=3)
    await world.open()
    world.does = judged
    ended = await asyncio.gather(*world.start(*["GET"] * 5))
    assert sorted(map(str, ended)) == ["200"] * 3 + ["breaker_open"] * 2
    assert world.stats.refused == {"line_full": 2}


async def test_each_key_has_a_breaker_of_its_own():
    world = Guarded(FakeClock(), key="upstream+model", hold=0.0)
    world.does = REFUSED
    for _ in range(5):
        await world.call(target="/one")
    world.does = judged
    assert await world.call(target="/one") == "breaker_open"
    assert await world.call(target="/two") == 200


async def test_observing_lets_all_through_and_counts_them():
    world = Guarded(FakeClock(), enforce=False)
    await world.open()
    world.does = judged
    assert [await world.call() for _ in range(3)] == [200] * 3
    assert (world.stats.unenforced, world.stats.refused) == (3, {})


@virtually
async def test_forcing_it_ends_the_waiting():
    world = Guarded()
    await world.open()
    tasks = world.start("GET", "POST")
    await asyncio.sleep(0.1)
    world.breaker.force("open", 60.0, "maintenance", 0.1)
    assert await asyncio.gather(*tasks) == ["breaker_open"] * 2
    assert await world.call() == "breaker_open"
    assert world.stats.refused == {"forced": 3}
    assert world.refused.retry_after == pytest.approx(60.0)
    world.does = judged
    world.breaker.reset(0.1)
    assert await world.call() == 200


@virtually
async def test_nobody_waits_once_the_sidecar_stops():
    world = Guarded()
    await world.open()
    tasks = world.start("GET", "POST")
    await asyncio.sleep(0.1)
    assert repr(world.held) == "<Held 2>"
    world.held.give_up()
    assert await asyncio.gather(*tasks) == ["draining"] * 2
    assert (world.breaker.snapshot(0.1)["held"], repr(world.held)) == (0, "<Held 0>")


async def test_without_a_hold_nobody_waits_for_a_probe_either():
    world = Guarded(FakeClock(), hold=0.0)
    await world.open()
    world.clock.advance(DUE)
    world.does = hang
    (probe,) = world.start("GET")
    await asyncio.sleep(0)
    assert await world.call() == "breaker_open"
    assert (world.stats.refused, world.stats.held) == ({"at_once": 1}, 0)
    probe.cancel()
