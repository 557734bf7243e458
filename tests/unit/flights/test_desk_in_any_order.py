"""Askers who come, leave and read in every order: everyone is served and everything is closed."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import ExchangeError, UpstreamReset
from sidecar.flights.landing import Alone, Shared
from tests.support.flights import World, body_of, turn
from tests.support.virtual_time import in_virtual_time

RESET = UpstreamReset("reset", code="upstream_reset")


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
