import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.errors import DeadlineExceeded, Draining, ExchangeError, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.flights.broadcast import Broadcast
from sidecar.flights.desk import Desk
from sidecar.flights.landing import Alone, Arrival, Shared, Stored
from tests.support.virtual_time import VirtualClock, in_virtual_time, virtually

ENTRY = Entry(Head(200, b"OK", []), b"", 0.0, Plan(1.0))
RESET = UpstreamReset("reset", code="upstream_reset")


def close(landing):
    if isinstance(landing, Shared):
        landing.broadcast.response.close()
    elif isinstance(landing, Alone):
        landing.response.close()


class World:
    """A desk, and flights that end when and how the test says."""

    def __init__(self):
        self.desk = Desk(VirtualClock().now)
        self.flights = []
        self.responses = []

    async def fly(self):
        outcome = asyncio.get_running_loop().create_future()
        self.flights.append(outcome)
        try:
            return await outcome
        except asyncio.CancelledError:
            if not outcome.cancel():
                close(outcome.result())  # as a layer does that is cancelled with a response in hand
            raise

    def response(self, body=b"body"):
        response = Response(200, b"OK", [], BytesBody(body))
        self.responses.append(response)
        return response

    def end(self, how, number=-1):
        flight = self.flights[number]
        if how == "shared":
            flight.set_result(Shared(Broadcast(self.response(), 100, lambda _: None)))
        elif how == "long":
            body = self.response(b"x" * 1000)
            flight.set_result(Shared(Broadcast(body, 100, lambda _: None)))
        elif how == "stored":
            flight.set_result(Stored(ENTRY))
        elif how == "alone":
            flight.set_result(Alone(self.response()))
        else:
            flight.set_exception(how)

    def ask(self, key="k", left=30.0):
        return asyncio.create_task(self.desk.ask(key, self.fly, left))


async def turn():
    await asyncio.sleep(0.001)


async def body_of(arrival):
    data = b""
    while chunk := await arrival.reader.read():
        data += chunk
    return data


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


class Play:
    """Askers who come, leave and read, in the order that the test says."""

    def __init__(self):
        self.world = World()
        self.asked = []
        self.given_out = []

    async def one(self, key):
        world = self.world
        arrival = await world.desk.ask(key, world.fly, 20.0)
        if isinstance(arrival.landing, Alone):
            self.given_out.append(arrival.landing.response)
            arrival.landing.response.close()
        elif isinstance(arrival.landing, Shared):
            try:
                assert await body_of(arrival) in (b"body", b"x" * 1000)
            finally:
                arrival.discard()

    async def act(self, what, number, how):
        if what == "ask":
            self.asked.append(asyncio.create_task(self.one(number % 2)))
        elif what == "cancel" and number < len(self.asked):
            self.asked[number].cancel()
        elif what == "end":
            self.end(number, how)
        elif what in ("0", "0.001", "2.5"):
            await asyncio.sleep(float(what))
        assert len(self.world.desk._flights) == sum(map(self.world.desk.is_flying, (0, 1)))

    def end(self, number, how):
        flying = [at for at, flight in enumerate(self.world.flights) if not flight.done()]
        if flying:
            how = RESET if how == "fails" else how
            self.world.end(how, flying[number % len(flying)])

    async def finish(self):
        for _ in range(len(self.asked) * 3 + 1):
            for _ in self.world.flights:
                self.end(0, "shared")
            await turn()
        ended = await asyncio.gather(*self.asked, return_exceptions=True)
        await turn()
        return ended


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "cancel", "end", "end", "0", "0.001", "2.5"]),
        st.integers(0, 4),
        st.sampled_from(["shared", "long", "stored", "alone", "fails"]),
    ),
    max_size=30,
)


@settings(max_examples=400, deadline=None)
@given(ACTS)
def test_in_every_order_of_events_everyone_is_served_and_everything_is_closed(acts):
    async def play():
        play = Play()
        for act in acts:
            await play.act(*act)
        for each in await play.finish():
            assert each is None or isinstance(each, asyncio.CancelledError | ExchangeError)
        assert len(set(map(id, play.given_out))) == len(play.given_out)
        assert all(response._closed for response in play.world.responses)
        assert play.world.desk.inflight == 0
        assert not play.world.desk._flights

    in_virtual_time(play())
