"""An answer that turns out to be for one only, while others wait for it."""

import asyncio

from sidecar.flights.landing import Alone
from tests.support.flights import World, turn
from tests.support.virtual_time import virtually


@virtually
async def test_an_answer_for_one_frees_all_others_at_once():
    world = World()
    asked = [world.ask() for _ in range(5)]
    await turn()
    world.end("alone")
    await turn()
    assert len(world.flights) == 5
    assert world.desk.is_passed("k")
    later = world.ask()
    await turn()
    assert len(world.flights) == 6
    for number in range(1, 6):
        world.end("alone", number)
    arrivals = await asyncio.gather(*asked, later)
    assert len({id(arrival.landing.response) for arrival in arrivals}) == 6
    assert not any(arrival.joined for arrival in arrivals)
    assert not any(response._closed for response in world.responses)


@virtually
async def test_what_was_for_one_is_asked_for_together_again_after_a_while():
    world = World()
    first = world.ask()
    await turn()
    world.end("alone")
    await first
    await asyncio.sleep(3)
    asked = [world.ask(), world.ask()]
    await turn()
    assert len(world.flights) == 2
    world.end("stored")
    await asyncio.gather(*asked)


@virtually
async def test_an_answer_for_one_whom_nobody_waits_for_is_closed():
    world = World()
    asked = [world.ask(), world.ask()]
    await turn()
    world.end("alone")
    await asyncio.sleep(0)  # it has landed, and nobody has seen it yet
    for task in asked:
        task.cancel()
    await turn()
    assert len(world.flights) == 1
    assert world.responses[0]._closed


@virtually
async def test_an_answer_for_one_that_comes_after_all_have_left_is_closed():
    world = World()
    response = world.response()

    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return Alone(response)

    asked = asyncio.create_task(world.desk.ask("k", stubborn, 30.0))
    await turn()
    asked.cancel()
    await turn()
    assert response._closed
