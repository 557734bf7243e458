import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import Draining, TruncatedBody, UpstreamReset
from sidecar.exchange import Response
from sidecar.flights.broadcast import _LAG, Broadcast
from tests.support.virtual_time import in_virtual_time, virtually


class Fed:
    """A body that the test feeds."""

    length = None

    def __init__(self):
        self.queue = asyncio.Queue()
        self.read_so_far = 0

    def take(self):
        return None

    async def read(self):
        item = await self.queue.get()
        if isinstance(item, BaseException):
            raise item
        self.read_so_far += len(item)
        return item


class World:
    def __init__(self, most=100):
        self.body = Fed()
        self.kept = []
        self.closed = []
        response = Response(200, b"OK", [], self.body)
        response.on_close(self.closed.append)
        self.broadcast = Broadcast(response, most, self.kept.append)

    def start(self):
        self.pump = asyncio.create_task(self.broadcast.pump())

    async def feed(self, *items):
        for item in items:
            self.body.queue.put_nowait(item)
        await asyncio.sleep(0.001)


async def everything(reader):
    data = b""
    while chunk := await reader.read():
        data += chunk
    return data


@virtually
async def test_everyone_gets_all_of_it_as_it_arrives():
    world = World()
    first = world.broadcast.reader()
    world.start()
    await world.feed(b"a", b"b")
    assert (first.take(), first.take(), first.take()) == (b"a", b"b", None)
    second = world.broadcast.reader()
    rest = asyncio.create_task(everything(second))
    await world.feed(b"c", b"")
    assert await rest == b"abc"
    assert await everything(first) == b"c"
    assert (first.take(), world.kept, world.closed) == (b"", [b"abc"], [None])
    assert await everything(world.broadcast.reader()) == b"abc"
    assert first.length is None


@virtually
async def test_it_is_read_and_kept_though_nobody_is_left():
    world = World()
    world.broadcast.reader().leave()
    world.start()
    await world.feed(b"a", b"")
    assert (world.kept, world.closed) == ([b"a"], [None])


@virtually
async def test_what_breaks_is_not_kept_and_everyone_is_told():
    world = World()
    reader = world.broadcast.reader()
    world.start()
    error = TruncatedBody("early", code="truncated_body")
    await world.feed(b"a", error)
    assert (world.kept, world.closed) == ([None], [error])
    assert (await reader.read(), reader.take()) == (b"a", None)
    with pytest.raises(TruncatedBody):
        await reader.read()
    assert not world.broadcast.joinable


@virtually
async def test_a_pump_that_is_cancelled_closes_the_response_and_tells_who_reads():
    world = World()
    reader = world.broadcast.reader()
    waiting = asyncio.create_task(reader.read())
    world.start()
    await world.feed()
    world.pump.cancel()
    with pytest.raises(asyncio.CancelledError):
        await world.pump
    with pytest.raises(Draining):
        await waiting
    assert isinstance(world.closed[0], asyncio.CancelledError)
    assert world.kept == [None]


@virtually
async def test_what_is_too_long_is_read_as_fast_as_the_slowest_goes():
    world = World(most=10)
    fast, slow = world.broadcast.reader(), world.broadcast.reader()
    world.start()
    chunk = b"x" * 100_000
    await world.feed(*[chunk] * 20)
    assert world.body.read_so_far <= _LAG + len(chunk)
    taken = 0
    while fast.take():
        taken += 1
    await world.feed()
    assert world.body.read_so_far <= _LAG + len(chunk)
    for _ in range(taken):
        assert await slow.read() == chunk
    await world.feed()
    assert world.body.read_so_far > taken * len(chunk)
    assert not world.broadcast.joinable
    readers = asyncio.gather(everything(fast), everything(slow))
    await world.feed(b"")
    assert list(map(len, await readers)) == [(20 - taken) * len(chunk)] * 2
    assert world.kept == [None]


@virtually
async def test_one_that_does_not_move_is_cut_off_where_others_wait_for_it():
    world = World(most=10)
    fast, stalled = world.broadcast.reader(), world.broadcast.reader()
    world.start()
    reading = asyncio.create_task(everything(fast))
    await world.feed(*[b"x" * 100_000] * 20, b"")
    assert not reading.done()
    await asyncio.sleep(6)
    assert len(await reading) == 2_000_000
    assert stalled.take() is None
    with pytest.raises(TruncatedBody):
        await stalled.read()


@virtually
async def test_one_that_nobody_waits_for_takes_its_time():
    world = World(most=10)
    alone = world.broadcast.reader()
    world.start()
    await world.feed(*[b"x" * 100_000] * 20, b"")
    await asyncio.sleep(3600)
    assert world.body.read_so_far <= _LAG + 100_000
    assert len(await everything(alone)) == 2_000_000


@virtually
async def test_what_is_too_long_is_given_up_when_the_last_reader_leaves():
    world = World(most=10)
    reader = world.broadcast.reader()
    world.start()
    await world.feed(*[b"x" * 100_000] * 20)
    reader.leave()
    await world.feed(b"more")
    assert (world.kept, world.closed) == ([None], [None])
    assert world.pump.done()


@virtually
async def test_a_reader_that_leaves_lets_the_others_go_on():
    world = World(most=10)
    fast, slow = world.broadcast.reader(), world.broadcast.reader()
    world.start()
    reading = asyncio.create_task(everything(fast))
    await world.feed(*[b"x" * 100_000] * 20, b"")
    slow.leave()
    slow.leave()
    assert len(await reading) == 2_000_000


@virtually
async def test_a_fault_in_keeping_leaves_nobody_waiting():
    world = World()

    def fail(_):
        raise RuntimeError("no room")

    world.broadcast.done = fail
    reader = world.broadcast.reader()
    world.start()
    reading = asyncio.create_task(everything(reader))
    await world.feed(b"a", b"")
    assert await reading == b"a"
    with pytest.raises(RuntimeError):
        await world.pump


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
