import asyncio

import pytest

from tests.support.breakers import DUE, Guarded, after, hang, judged
from tests.support.virtual_time import virtually


@virtually
async def test_of_fifty_calls_one_probes():
    world = Guarded()
    await world.open()
    world.does = lambda: after(1.0, judged())
    tasks = world.start(*["GET"] * 50)
    await asyncio.sleep(DUE + 0.9)
    assert len(world.calls) == 1
    assert await asyncio.gather(*tasks) == [200] * 50


@virtually
async def test_calls_come_back_by_and_by_and_in_order():
    world = Guarded(ramp=2, ramp_time=1e6)
    await world.open()
    world.does = lambda: after(0.1, judged())
    tasks = [asyncio.create_task(world.call(f"M{number}")) for number in range(9)]
    await asyncio.gather(*tasks)
    assert [method for _, method in world.calls] == [f"M{number}" for number in range(9)]
    instants = [at for at, _ in world.calls]
    assert [instants.count(at) for at in dict.fromkeys(instants)] == [1, 2, 4, 2]


@virtually
async def test_a_read_probes_before_a_write_that_came_first():
    world = Guarded()
    await world.open()
    world.does = lambda: after(0.1, judged())
    await asyncio.gather(*world.start("POST", "GET"))
    assert world.calls == [(DUE, "GET"), (DUE + 0.1, "POST")]


@virtually
async def test_a_write_probes_where_there_are_no_reads():
    world = Guarded()
    await world.open()
    world.does = judged
    assert await world.call("POST") == 200
    assert world.calls == [(DUE + 0.1, "POST")]


@virtually
async def test_failed_probes_are_paid_for_by_one_call_each():
    world = Guarded()
    await world.open()
    ended = asyncio.gather(*world.start(*["GET"] * 10))
    await asyncio.sleep(1.0)
    world.does = judged
    assert (await ended).count("connect_error") == 2
    assert [at for at, _ in world.calls[:3]] == [0.25, 0.625, 1.188]


@virtually
async def test_a_call_that_is_cancelled_while_it_waits_leaves_the_line():
    world = Guarded(max_held=1)
    await world.open()
    (waiting,) = world.start("GET")
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (world.stats.held_now, world.breaker.snapshot(0.1)["held"]) == (0, 0)
    world.does = judged
    assert await world.call() == 200


@virtually
async def test_a_probe_whose_client_leaves_makes_room_for_the_next():
    world = Guarded()
    await world.open()
    world.does = hang
    probe, follower = world.start("GET", "GET")
    await asyncio.sleep(0.5)
    world.does = judged
    probe.cancel()
    assert await follower == 200
    assert world.calls == [(DUE, "GET"), (0.5, "GET")]


@virtually
async def test_a_permit_that_comes_as_the_client_leaves_goes_to_the_next():
    world = Guarded()
    await world.open()
    world.does = judged
    first, second = world.start("GET", "GET")

    def at_once():
        world.breaker.serve(world.clock.now())
        first.cancel()  # before its task has run and taken the permit

    asyncio.get_running_loop().call_later(DUE, at_once)
    assert await second == 200
    assert first.cancelled()
    assert world.calls == [(DUE, "GET")]


@virtually
async def test_a_probe_that_hangs_does_not_keep_the_others_waiting():
    world = Guarded(probe_timeout=2.0)
    await world.open()
    world.does = hang
    hanging, follower = world.start("GET", "GET")
    await asyncio.sleep(1.0)
    world.does = judged
    assert await follower == 200
    assert world.calls == [(DUE, "GET"), (DUE + 2.0, "GET")]
    hanging.cancel()
