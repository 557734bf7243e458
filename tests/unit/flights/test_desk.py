"""All who ask for the same share one flight, its deadline, its failure and its end."""

import asyncio

import pytest

from sidecar.errors import DeadlineExceeded, Draining, ExchangeError, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.flights.broadcast import Broadcast
from sidecar.flights.landing import Arrival, Shared, Stored
from tests.support.flights import ENTRY, World, body_of, turn
from tests.support.virtual_time import virtually

RESET = UpstreamReset("reset", code="upstream_reset")


@virtually
async def test_all_who_ask_for_the_same_share_one_flight():
    world = World()
    asked = [world.ask() for _ in range(5)]
    other = world.ask("other")
    await turn()
    assert len(world.flights) == 2
    assert world.desk.is_flying("k")
    assert repr(world.desk) == "<Desk 2 flights>"
    world.end("shared", 0)
    world.end("stored", 1)
    arrivals = await asyncio.gather(*asked)
    assert [arrival.joined for arrival in arrivals] == [False, True, True, True, True]
    assert [await body_of(arrival) for arrival in arrivals] == [b"body"] * 5
    assert (await other).landing == Stored(ENTRY)
    await turn()
    assert not world.desk.is_flying("k")
    assert world.desk.inflight == 0


@virtually
async def test_who_comes_while_the_body_arrives_gets_all_of_it():
    world = World()
    first = world.ask()
    await turn()
    body = asyncio.Queue()

    class Slow(BytesBody):
        async def read(self):
            return await body.get()

    response = Response(200, b"OK", [], Slow(b""))
    world.flights[0].set_result(Shared(Broadcast(response, 100, lambda _: None)))
    await first
    body.put_nowait(b"a")
    await turn()
    second = await world.ask()
    body.put_nowait(b"")
    assert second.joined
    assert await body_of(second) == b"a"
    assert len(world.flights) == 1


@virtually
async def test_a_long_body_loses_nothing_before_everyone_on_board_reads_it():
    world = World()
    asked = [world.ask() for _ in range(3)]
    await turn()
    world.end("long")
    arrivals = await asyncio.gather(*asked)
    bodies = asyncio.gather(*[body_of(arrival) for arrival in arrivals])
    assert await bodies == [b"x" * 1000] * 3


@virtually
async def test_who_comes_when_the_beginning_is_gone_begins_another():
    world = World()
    first = world.ask()
    await turn()
    hanging = Response(200, b"OK", [], BytesBody(b"x" * 300_000))
    world.flights[0].set_result(Shared(Broadcast(hanging, 100, lambda _: None)))
    await first
    second = world.ask()
    await turn()
    assert len(world.flights) == 2
    world.end("stored")
    assert not (await second).joined


@virtually
async def test_everyone_waits_for_as_long_as_his_own_deadline_says():
    world = World()
    first, second = world.ask(left=10.0), world.ask(left=3.0)
    await turn()
    await asyncio.sleep(4)
    with pytest.raises(DeadlineExceeded):
        await second
    world.end("stored")
    assert (await first).landing == Stored(ENTRY)


@virtually
async def test_the_deadline_of_the_one_that_began_is_not_that_of_the_others():
    world = World()
    first, second = world.ask(left=3.0), world.ask(left=30.0)
    await turn()
    world.end(DeadlineExceeded("the first call's", code="total_timeout"))
    await turn()
    with pytest.raises(DeadlineExceeded):
        await first
    assert len(world.flights) == 2
    world.end("stored")
    assert (await second).landing == Stored(ENTRY)


@virtually
async def test_one_that_leaves_does_not_end_the_flight_and_the_last_one_does():
    world = World()
    first, second = world.ask(), world.ask()
    await turn()
    first.cancel()
    await turn()
    assert not world.flights[0].cancelled()
    second.cancel()
    await asyncio.sleep(0)
    assert not world.desk.is_flying("k")  # nobody boards what is about to be cancelled
    third = world.ask()
    await turn()
    assert world.flights[0].cancelled()
    assert len(world.flights) == 2
    world.end("stored")
    assert not (await third).joined
    for task in (first, second):
        with pytest.raises(asyncio.CancelledError):
            await task


@virtually
async def test_a_failure_is_taken_over_by_one_of_those_who_wait_three_times_at_the_most():
    world = World()
    asked = [world.ask() for _ in range(10)]
    for number in range(3):
        await turn()
        assert len(world.flights) == number + 1
        world.end(RESET)
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert ended == [RESET] * 10
    assert len(world.flights) == 3


@virtually
async def test_whoever_begins_a_flight_takes_its_failure_for_his_own():
    world = World()
    first = world.ask()
    await turn()
    world.end(RESET)
    with pytest.raises(UpstreamReset):
        await first
    assert len(world.flights) == 1


@virtually
async def test_those_who_leave_at_the_landing_hold_nobody_up():
    world = World()
    leaving, staying = world.ask(), world.ask()
    await turn()
    world.flights[0].set_result(
        Shared(Broadcast(world.response(b"x" * 900_000), 100, lambda _: None))
    )
    await asyncio.sleep(0)
    leaving.cancel()
    assert await body_of(await staying) == b"x" * 900_000
    await turn()
    assert asyncio.get_running_loop().time() < 1
    assert world.desk.inflight == 0


@virtually
async def test_a_fault_is_told_and_heard():
    world = World()
    heard = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    first = world.ask()
    await turn()
    fault = RuntimeError("a fault")
    world.end(fault)
    with pytest.raises(ExchangeError) as told:
        await first
    assert told.value.code == "internal_error"
    await turn()
    assert [context["exception"] for context in heard] == [fault]


@virtually
async def test_closing_ends_all_flights():
    world = World()
    asked = [world.ask("a"), world.ask("b")]
    await turn()
    await world.desk.close()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(each, Draining) for each in ended)
    assert world.desk.inflight == 0


@virtually
async def test_what_arrived_can_be_discarded():
    world = World()
    first = world.ask()
    await turn()
    world.end("alone")
    (await first).discard()
    assert world.responses[0]._closed
    Arrival(Stored(ENTRY), joined=True).discard()
    await asyncio.sleep(3)
    second = world.ask()
    await turn()
    world.end("shared")
    arrival = await second
    arrival.discard()
    assert arrival.landing.broadcast._readers == []


@virtually
async def test_who_may_wait_for_ever_does():
    world = World()
    first = world.ask(left=float("inf"))
    await asyncio.sleep(1e6)
    world.end("stored")
    await first


@virtually
async def test_what_is_remembered_of_answers_for_one_is_bounded():
    world = World()
    for number in range(5000):
        world.desk._pass(number)
    assert len(world.desk._passes) <= 4096
