"""One body for many readers: all of it, as it arrives, however it ends."""

import asyncio

import pytest

from sidecar.errors import Draining, TruncatedBody
from sidecar.flights.broadcast import _LAG
from tests.support.broadcasts import World, everything
from tests.support.virtual_time import virtually


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
