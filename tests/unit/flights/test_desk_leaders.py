"""Who gets an answer that is for one only: whoever began the flight, or nobody."""

import asyncio

import pytest

from sidecar.errors import DeadlineExceeded
from sidecar.exchange import BytesBody, Response
from sidecar.flights.desk import Desk
from sidecar.flights.landing import Alone
from tests.support.flights import turn
from tests.support.virtual_time import VirtualClock, in_virtual_time, virtually


class World:
    """A desk; each who asks has a call of his own, answered when the test says."""

    def __init__(self):
        self.desk = Desk(VirtualClock().now)
        self.calls = {}

    def ask(self, who, left=30.0):
        async def fly():
            self.calls[who] = asyncio.get_running_loop().create_future()
            return await self.calls[who]

        return asyncio.create_task(self.desk.ask("k", fly, left))

    def answer(self, who, status=200):
        response = Response(status, b"", [], BytesBody(who.encode()))
        self.calls[who].set_result(Alone(response))
        return response


@virtually
async def test_when_the_one_that_began_has_left_nobody_gets_the_answer_that_was_for_it_only():
    world = World()
    alice, bob = world.ask("alice"), world.ask("bob")
    await turn()
    alice.cancel()
    await turn()
    for_alice = world.answer("alice")
    await turn()
    assert for_alice._closed
    for_bob = world.answer("bob")
    arrival = await bob
    assert (arrival.landing.response, arrival.joined) == (for_bob, False)
    assert not for_bob._closed


@virtually
async def test_one_that_leaves_just_when_it_has_landed_takes_its_answer_along():
    world = World()
    alice, bob = world.ask("alice"), world.ask("bob")
    await turn()
    for_alice = world.answer("alice")
    await asyncio.sleep(0)  # it has landed, and nobody has seen it yet
    alice.cancel()
    await turn()
    assert for_alice._closed
    for_bob = world.answer("bob")
    assert (await bob).landing.response is for_bob


@virtually
async def test_one_whose_deadline_passed_leaves_its_answer_to_nobody():
    world = World()
    alice, bob = world.ask("alice", left=1.0), world.ask("bob")
    await asyncio.sleep(2)
    with pytest.raises(DeadlineExceeded):
        await alice
    for_alice = world.answer("alice")
    await turn()
    assert for_alice._closed
    for_bob = world.answer("bob")
    assert (await bob).landing.response is for_bob


@virtually
async def test_one_that_had_joined_and_leaves_closes_nothing_of_the_one_that_began():
    world = World()
    alice, bob = world.ask("alice"), world.ask("bob")
    await turn()
    for_alice = world.answer("alice")
    await asyncio.sleep(0)
    bob.cancel()
    assert (await alice).landing.response is for_alice
    await turn()
    assert not for_alice._closed


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_nothing_of_the_answers_for_others(status):
    async def play():
        world = World()
        alice, bob = world.ask("alice"), world.ask("bob")
        await turn()
        world.answer("alice", status)
        await alice
        await turn()
        assert not world.desk.is_passed("k")
        carol = world.ask("carol")
        await turn()
        assert set(world.calls) == {"alice", "bob"}  # she has joined Bob
        world.answer("bob")
        await bob
        await turn()
        world.answer("carol")
        await carol
        assert world.desk.is_passed("k")

    in_virtual_time(play())


@virtually
async def test_those_who_wait_do_not_wait_for_everyone_who_is_refused():
    world = World()
    names = [str(number) for number in range(5)]
    asked = [world.ask(name) for name in names]
    await turn()
    world.answer("0", 401)
    await turn()
    assert set(world.calls) == set(names)
    for name in names[1:]:
        world.answer(name, 401)
    arrivals = await asyncio.gather(*asked)
    assert len({id(arrival.landing.response) for arrival in arrivals}) == 5
    await turn()
    assert world.desk.inflight == 0
    assert not world.desk.is_flying("k")
