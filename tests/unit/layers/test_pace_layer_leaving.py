"""Who leaves, is refused, or is told to stop gives a turn back, or has taken none."""

import pytest

from sidecar.config.pace import Pace
from sidecar.errors import Draining, Rejected
from tests.support.paced import World
from tests.support.stepped_clock import settle


async def test_a_client_that_leaves_while_it_waits_gives_its_slot_back():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(5):
        world.call(str(n))
    await world.clock.pass_(0.5)
    for n in (1, 3):
        world.tasks[n].cancel()
    await world.clock.pass_(1.5)
    assert world.sent == [(0.0, "0"), (1.0, "2"), (2.0, "4")]
    assert world.tasks[1].cancelled()
    assert world.subjects[1].timeline.paced == 0.5
    assert (world.stats[0].waiting, world.waiting.turns) == (0, set())


async def test_when_all_who_wait_leave_the_next_call_waits_for_none_of_them():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(6):
        world.call(str(n))
    await world.clock.pass_(0.5)
    await world.end()
    world.call("next")
    await world.clock.pass_(0.5)
    assert world.sent == [(0.0, "0"), (1.0, "next")]


async def test_a_call_that_cannot_come_in_time_is_refused_at_once():
    world = World(Pace(1.0, key="phone_number_id", max_wait=2.0))
    for n in range(3):
        world.call(str(n))
    await settle()
    with pytest.raises(Rejected) as refusal:
        await world.call("late")
    assert (refusal.value.code, refusal.value.retry_after) == ("pace_timeout", 3.0)
    assert not refusal.value.sent
    with pytest.raises(Rejected):
        await world.call("short", "n1", deadline=world.start + 2.0)
    assert world.stats[0].refused == {"timeout": 2}
    await world.clock.pass_(3.0)
    assert len(world.sent) == 3


async def test_refusals_use_nothing():
    world = World(Pace(1.0, key="phone_number_id", max_wait=0.0))
    for _ in range(100):
        world.call()
        await world.clock.pass_(0.0625)
    assert world.times("1") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    results = await world.end()
    assert sum(isinstance(each, Rejected) for each in results) == 93


async def test_too_many_who_wait_are_refused():
    world = World(Pace(1.0, key="phone_number_id", max_waiters=1))
    world.call()
    world.call()
    await settle()
    with pytest.raises(Rejected) as refusal:
        await world.call()
    assert (refusal.value.code, refusal.value.retry_after) == ("pace_full", 2.0)
    assert "n1" not in str(refusal.value)
    await world.end()


async def test_the_sidecar_stops_without_waiting_for_a_turn():
    world = World(Pace(1.0, key="phone_number_id"))
    for n in range(3):
        world.call(str(n))
    await settle()
    world.waiting.give_up()
    await settle()
    assert [type(task.exception()) for task in world.tasks[1:]] == [Draining, Draining]
    assert (world.stats[0].waiting, world.waiting.turns) == (0, set())
