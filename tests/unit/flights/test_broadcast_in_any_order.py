"""Readers who join, leave and read in any order, while a body arrives."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import TruncatedBody, UpstreamReset
from sidecar.flights.broadcast import _LAG
from tests.support.broadcasts import World
from tests.support.virtual_time import in_virtual_time

CHUNKS = st.lists(st.integers(1, 300_000), min_size=1, max_size=12)
ACTS = st.lists(st.tuples(st.sampled_from(["join", "leave", "read", "wait"]), st.integers(0, 3)))


class Play:
    def __init__(self, most):
        self.world = World(most)
        self.readers = {}

    async def act(self, what, who):
        if what == "join" and who not in self.readers and self.world.broadcast.joinable:
            self.readers[who] = [self.world.broadcast.reader(), b""]
        elif what == "leave" and who in self.readers:
            self.readers.pop(who)[0].leave()
        elif what == "read" and who in self.readers:
            self.readers[who][1] += self.readers[who][0].take() or b""
        elif what == "wait":
            await asyncio.sleep(0.01)

    async def finish(self, reader, got):
        """What one reader has got in the end, and why it was not more."""
        try:
            while chunk := await reader.read():
                got += chunk
        except (TruncatedBody, UpstreamReset) as error:
            return got, error
        return got, None


@settings(max_examples=150, deadline=None)
@given(CHUNKS, ACTS, st.integers(1, 2_000_000), st.booleans())
def test_whoever_stays_gets_the_beginning_of_it_in_order(sizes, acts, most, breaks):
    data = [bytes([number]) * size for number, size in enumerate(sizes)]
    whole = b"".join(data)
    items = [*data, UpstreamReset("x", code="upstream_reset") if breaks else b""]

    async def play():
        play = Play(most)
        world, broadcast = play.world, play.world.broadcast
        world.start()
        for act in acts:
            await world.feed(*items[:1])
            del items[:1]
            await play.act(*act)
            assert sum(map(len, broadcast._chunks)) == broadcast._held
            assert broadcast._held <= max(most, _LAG) + max(sizes)
        await world.feed(*items)
        for got, error in await asyncio.gather(*[play.finish(*r) for r in play.readers.values()]):
            assert whole.startswith(got)
            assert error is not None or got == whole
        await world.pump
        assert len(world.kept) == len(world.closed) == 1
        kept = None if breaks or len(whole) > most else whole
        assert world.kept == [kept]

    in_virtual_time(play())
