"""Who asks for the same at once shares one call, unless that is not the same for both."""

import asyncio

import pytest

from sidecar.errors import DeadlineExceeded
from sidecar.exchange import Timeline
from tests.support.builders import response
from tests.support.cached import TTL, World, ok, read
from tests.support.virtual_time import VirtualClock, virtually


async def test_users_do_not_board_each_others_flights():
    world = World(lambda e: ok(dict(e.request.headers)[b"Authorization"]), config=TTL)
    tokens = [b"one", b"two"] * 5
    got = await asyncio.gather(*[world.get((b"Authorization", token)) for token in tokens])
    assert [each.body for each in got] == tokens
    assert len(world.calls) == 2


async def test_all_who_ask_at_once_share_one_call():
    world = World(ok(b"one"), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(10)])
    assert [each.body for each in got] == [b"one"] * 10
    assert sum("collapsed" in each.note for each in got) == 9
    assert len(world.calls) == 1
    assert world.stats.requests == {"miss": 10, "joined": 9}


async def test_an_error_is_shared_and_not_stored():
    world = World(response(500, b"down"), ok(b"one"), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(5)])
    assert [each.status for each in got] == [500] * 5
    assert "stored" not in got[0].note
    assert len(world.calls) == 1
    assert (await world.get()).body == b"one"


async def test_what_is_not_stored_is_asked_for_by_each_alone_and_with_his_own_conditions():
    world = World(response(200, b"one", [(b"Cache-Control", b"no-store")]), config=TTL)
    got = await asyncio.gather(*[world.get() for _ in range(5)])
    assert [each.body for each in got] == [b"one"] * 5
    assert len(world.calls) == 5
    condition = (b"If-None-Match", b'"a"')
    await world.get(condition)
    assert condition in world.calls[-1].request.headers


async def test_who_asks_for_another_variant_is_not_given_that_of_the_flight():
    def answer(exchange):
        return ok(dict(exchange.request.headers)[b"X-Who"], (b"Vary", b"X-Who"))

    world = World(answer, config=TTL)
    wanted = [b"a", b"b", b"a", b"c"]
    got = await asyncio.gather(*[world.get((b"X-Who", who)) for who in wanted])
    assert [each.body for each in got] == wanted
    assert len(world.calls) == 3
    again = await asyncio.gather(*[world.get((b"X-Who", who)) for who in wanted])
    assert [each.source for each in again] == ["cache"] * 4


async def test_who_asks_after_a_write_does_not_join_who_asked_before_it():
    world = World(lambda _: ok(b"%d" % len(world.calls)), config=TTL)
    before = asyncio.create_task(world.get())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(world.calls) == 1
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall())
    after = await world.get()
    assert (await before).body == b"1"
    assert after.body == b"2"
    assert (await world.get()).body == b"2"


async def test_the_time_of_one_who_joined_is_the_upstreams():
    world = World(lambda _: (world.clock.advance(2.0), ok(b"one"))[1], config=TTL)
    first, second = world.exchange(), world.exchange()
    answers = await asyncio.gather(world.layer(first), world.layer(second))
    for answer in answers:
        await read(answer)
    assert second.timeline.at_upstream == 2.0
    assert second.timeline.first_byte_at == world.clock.now()
    assert first.timeline.at_upstream == 0.0  # the transport writes it


async def test_the_attempts_and_times_of_a_flight_are_those_of_who_began_it():
    second = Timeline(0.0)

    def twice(exchange):
        exchange.attempt, exchange.timeline = 2, second  # as where a hedge was faster
        return ok(b"one")

    world = World(twice, config=TTL)
    exchange = world.exchange()
    await read(await world.layer(exchange))
    assert (exchange.attempt, exchange.timeline) == (2, second)


async def test_one_who_leaves_ends_nothing_for_the_others():
    world = World(ok(b"one"), config=TTL)
    leaving, staying = (asyncio.create_task(world.get()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).body == b"one"
    assert len(world.calls) == 1


@virtually
async def test_a_follower_keeps_his_own_deadline_and_the_answer_comes_all_the_same():
    world = World(ok(b"one"), config=TTL, clock=VirtualClock())
    upstream = world.layer._fetch._next

    async def slow(exchange):
        await asyncio.sleep(5)
        return await upstream(exchange)

    world.layer._fetch._next = slow
    patient = asyncio.create_task(world.call(left=20.0))
    hasty = asyncio.create_task(world.call(left=2.0))
    with pytest.raises(DeadlineExceeded):
        await hasty
    assert asyncio.get_running_loop().time() < 3
    assert (await patient).body == b"one"
