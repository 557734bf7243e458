"""What a drill does in the place of the upstream is an attempt in the trail."""

import pytest

from sidecar.errors import ExchangeError
from tests.support.drilled import REPLIES, World


def seen(world):
    return [(each.number, each.status, each.error) for each in world.exchange.timeline.trail]


async def test_an_answer_of_a_drill_is_an_attempt_until_it_is_closed():
    world = World(REPLIES[0])
    answer = await world.call()
    assert seen(world) == [(1, answer.status, None)]
    world.clock.advance(1.0)
    answer.close()
    assert world.exchange.timeline.trail[0].ended == world.clock.now()


@pytest.mark.parametrize("fault", ["connect_refused", "hang", "connect_timeout"])
async def test_a_failure_of_a_drill_is_an_attempt_with_its_code(fault):
    world = World(fault)
    with pytest.raises(ExchangeError) as caught:
        await world.call()
    assert seen(world) == [(1, 0, caught.value.code)]


async def test_without_a_drill_the_transport_writes_the_trail():
    world = World()
    await world.call()
    assert seen(world) == []
