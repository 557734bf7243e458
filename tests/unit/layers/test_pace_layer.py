"""A route with paces: how many go at once, and who waits for whom."""

from collections import Counter

import pytest

from sidecar.config.pace import Pace
from sidecar.exchange import stack
from sidecar.layers.pace import Waiting, pace
from sidecar.telemetry.pace_stats import PaceStats
from tests.support.clock import FakeClock
from tests.support.paced import NUMBER, PAIR, World
from tests.support.stepped_clock import settle


def test_a_route_without_a_pace_has_no_layer():
    assert pace((), Waiting(FakeClock())) is None


async def test_a_number_sends_80_at_once_and_80_per_second():
    world = World(NUMBER)
    for n in range(400):
        world.call(str(n))
    await world.clock.pass_(0.0)
    assert len(world.sent) == 80
    await world.clock.pass_(1.001)
    assert len(world.sent) == 160
    await world.clock.pass_(3.0)
    assert len(world.sent) == 400
    assert [to for _, to in world.sent] == [str(n) for n in range(400)]
    stats = world.stats[0]
    assert (stats.passed, stats.waits, stats.refused, stats.waiting) == (400, 320, {}, 0)
    assert stats.seconds == pytest.approx(sum(n / 80 for n in range(1, 321)))
    assert world.subjects[-1].timeline.paced == pytest.approx(4.0)


async def test_a_recipient_gets_45_at_once_and_one_in_6_seconds_while_others_flow():
    world = World(NUMBER, PAIR)
    for _ in range(48):
        world.call("slow")
    for n in range(32):
        world.call(f"other {n}")
    await world.clock.pass_(0.0)
    assert Counter(to for _, to in world.sent) == Counter(
        {"slow": 45} | {f"other {n}": 1 for n in range(32)}
    )
    await world.clock.pass_(10.0)
    world.call("late")
    await world.clock.pass_(10.0)
    assert world.times("slow")[45:] == [6.0, 12.0, 18.0]
    assert world.times("late") == [10.0]


async def test_numbers_do_not_wait_for_each_other():
    world = World(Pace(1.0, key="phone_number_id"))
    for number in ("n1", "n2", "n1"):
        world.call(number, number)
    await world.clock.pass_(1.0)
    assert world.sent == [(0.0, "n1"), (0.0, "n2"), (1.0, "n1")]
    assert world.stats[0].keys == 2


async def test_a_call_without_the_key_is_not_paced():
    world = World(Pace(1.0, key="header:x-tenant"))
    for _ in range(3):
        await world.call()
    assert world.stats[0] == PaceStats()


async def test_a_pace_that_is_written_twice_counts_once():
    world = World(Pace(1.0, key="phone_number_id"))
    world.handler = stack(pace(world.paced * 2, world.waiting), on=world._upstream)
    world.call()
    world.call()
    await world.clock.pass_(1.0)
    assert world.times("1") == [0.0, 1.0]


async def test_a_pace_that_is_not_enforced_only_counts():
    world = World(Pace(1.0, key="phone_number_id", max_wait=2.0, enforce=False))
    for _ in range(5):
        await world.call()
    assert len(world.times("1")) == 5
    stats = world.stats[0]
    assert (stats.passed, stats.waits, stats.refused) == (5, 0, {})
    assert stats.observed == {"waits": 2, "timeout": 2}


async def test_the_order_in_which_paces_are_written_does_not_matter():
    for paces in ((NUMBER, PAIR), (PAIR, NUMBER)):
        world = World(*paces)
        for _ in range(46):
            world.call("a")
        await settle()
        world.call("b")
        await world.clock.pass_(6.0)
        assert (len(world.times("a")), world.times("b"), world.times("a")[-1]) == (46, [0.0], 6.0)
