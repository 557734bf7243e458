import asyncio

import pytest

from sidecar.errors import ConnectError, Draining, Rejected
from tests.support.builders import response
from tests.support.limited import Limited, settle


async def test_a_permit_is_held_until_the_last_byte():
    world = Limited()
    first, _ = await world.call("1")
    second, _ = await world.call("2")
    answer = await world.answer(0, response())
    assert first.result() is answer
    assert (world.arrived, world.limiter.inflight) == (["1"], 1)
    answer.close()
    answer.close()
    await settle()
    assert (world.arrived, world.limiter.inflight, second.done()) == (["1", "2"], 1, False)
    (await world.answer(1, response())).close()
    assert (world.limiter.inflight, second.done()) == (0, True)


async def test_a_call_without_an_answer_gives_its_permit_back():
    world = Limited()
    task, _ = await world.call()
    await world.fail(0, ConnectError("refused", code="connect_error"))
    assert isinstance(task.exception(), ConnectError)
    assert world.limiter.inflight == 0


async def test_a_client_that_leaves_gives_the_permit_back():
    world = Limited()
    task, _ = await world.call("1")
    await world.call("2")
    task.cancel()
    await settle()
    assert task.cancelled()
    assert (world.arrived, world.limiter.inflight) == (["1", "2"], 1)


async def test_the_wait_is_written_down():
    world = Limited()
    await world.call()
    _, waiting = await world.call()
    world.clock.advance(0.04)
    (await world.answer(0, response())).close()
    await settle()
    assert waiting.timeline.queued == pytest.approx(0.04)
    assert world.stats.waits == {"interactive": 1}
    assert world.stats.wait_seconds["interactive"] == pytest.approx(0.04)


async def test_a_call_that_waits_for_too_long_is_refused_and_was_not_sent():
    world = Limited(max_wait=0.001)
    await world.call("1")
    with pytest.raises(Rejected) as caught:
        await (await world.call("2"))[0]
    assert (caught.value.code, caught.value.retry_after, caught.value.sent) == (
        "limit_timeout",
        1.0,
        False,
    )
    assert (world.arrived, world.limiter.waiters) == (["1"], 0)
    assert world.stats.rejected == {("timeout", "interactive"): 1}


async def test_a_call_does_not_wait_beyond_its_deadline():
    world = Limited()
    await world.call("1")
    with pytest.raises(Rejected) as caught:
        await (await world.call("2", left=0.001))[0]
    assert caught.value.code == "limit_timeout"
    assert world.stats.rejected == {("deadline", "interactive"): 1}


async def test_a_full_queue_refuses_at_once():
    world = Limited(max_waiters=1)
    await world.call("1")
    await world.call("2")
    task, _ = await world.call("3")
    assert (task.exception().code, task.exception().retry_after) == ("limit_full", 1.0)
    assert world.stats.rejected == {("full", "interactive"): 1}


async def test_a_batch_call_makes_room_for_an_interactive_one():
    world = Limited(max_waiters=1, priority_header="X-Priority")
    await world.call("1")
    batch, _ = await world.call("2", headers=[(b"X-Priority", b"batch")])
    call, _ = await world.call("3")
    assert batch.exception().code == "limit_full"
    assert not call.done()
    assert world.stats.rejected == {("displaced", "batch"): 1}


async def test_interactive_calls_go_first():
    world = Limited(priority="batch", priority_header="X-Priority")
    await world.call("1")
    await world.call("2")
    await world.call("3", headers=[(b"x-priority", b"interactive")])
    (await world.answer(0, response())).close()
    await settle()
    assert world.arrived == ["1", "3"]


async def test_lanes_take_turns():
    world = Limited(lanes="header:x-tenant")
    await world.call("1")
    for name, tenant in [("2", b"loud"), ("3", b"loud"), ("4", b"quiet"), ("5", b"loud")]:
        await world.call(name, headers=[(b"X-Tenant", tenant)])
    for place in range(5):
        (await world.answer(place, response())).close()
        await settle()
    assert world.arrived == ["1", "2", "4", "3", "5"]


async def test_a_waiter_that_leaves_is_not_served():
    world = Limited()
    await world.call("1")
    gone, left = await world.call("2")
    last, _ = await world.call("3")
    gone.cancel()
    await settle()
    assert (gone.cancelled(), world.limiter.waiters) == (True, 1)
    (await world.answer(0, response())).close()
    await settle()
    assert (world.arrived, last.done()) == (["1", "3"], False)
    assert left.timeline.queued == 0.0


async def test_a_permit_for_a_waiter_that_leaves_goes_to_the_next():
    world = Limited()
    await world.call("1")
    gone, _ = await world.call("2")
    await world.call("3")
    answer = await world.answer(0, response())
    answer.close()  # the permit is on its way to the second call
    gone.cancel()
    await settle()
    assert (world.arrived, world.limiter.inflight) == (["1", "3"], 1)
    (await world.answer(1, response())).close()
    assert (world.limiter.inflight, world.limiter.waiters) == (0, 0)


async def test_a_waiter_that_has_just_left_is_not_woken():
    world = Limited()
    await world.call("1")
    gone, _ = await world.call("2")
    await world.call("3")
    answer = await world.answer(0, response())
    gone.cancel()
    answer.close()  # the second call is chosen, and will find that it was cancelled
    await settle()
    assert (gone.cancelled(), world.arrived, world.limiter.inflight) == (True, ["1", "3"], 1)


@pytest.mark.parametrize("lead", [0.0, 0.002])
async def test_a_permit_that_comes_with_the_end_of_patience_is_used(lead):
    world = Limited(max_wait=0.002)
    await world.call("1")
    answer = await world.answer(0, response())
    waiting, _ = await world.call("2")
    loop = asyncio.get_running_loop()
    loop.call_later(0.002 - lead, answer.close)
    over = loop.time() + 0.003
    while loop.time() < over:  # so that the loop finds both timers due: patience first, or last
        pass
    await settle()
    assert (world.arrived, world.limiter.inflight) == (["1", "2"], 1)
    (await world.answer(1, response())).close()
    assert (waiting.done(), world.limiter.inflight, world.limiter.waiters) == (True, 0, 0)


async def test_when_the_sidecar_stops_nobody_waits():
    world = Limited()
    await world.call("1")
    waiting, _ = await world.call("2")
    world.gate.give_up()
    world.gate.give_up()
    await settle()
    assert isinstance(waiting.exception(), Draining)
    assert not waiting.exception().sent
    assert (world.limiter.waiters, repr(world.gate)) == (
        0,
        "<Gate <Limiter 1 of 1 in flight, 0 waiting>>",
    )


async def test_a_limit_that_is_not_enforced_lets_through_and_counts():
    world = Limited(enforce=False)
    for name in "123":
        await world.call(name)
    assert (world.arrived, world.stats.beyond, world.stats.rejected) == (["1", "2", "3"], 2, {})
