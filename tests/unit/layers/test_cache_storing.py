"""What is kept of what an upstream answers, and what is not."""

import asyncio

import pytest

from sidecar.config.cache import Cache
from sidecar.errors import UpstreamReset
from sidecar.exchange import BytesBody, Response
from tests.support.builders import response
from tests.support.cached import LENIENT, RESET, TTL, World, ok


@pytest.mark.parametrize(
    ("answer", "config"),
    [
        (response(200, b"x", [(b"Set-Cookie", b"")]), TTL),
        (response(200, b"x", [(b"Vary", b"*")]), TTL),
        (response(206, b"x"), TTL),
        (response(404, b"x"), TTL),
        (response(429, b"x"), Cache(ttl=60, negative={429: 60.0})),
        (response(500, b"x"), Cache(ttl=60, negative={500: 60.0})),
        (response(200, b"x"), Cache(negative={404: 60.0})),
        (response(200, b"x" * 100), Cache(ttl=60, max_object=50)),
        (response(200, b"x", [(b"Content-Type", b"text/event-stream; charset=utf-8")]), TTL),
    ],
)
async def test_this_is_never_stored(answer, config):
    world = World(answer, config=config)
    await world.get()
    await world.get()
    assert len(world.calls) == 2
    assert not world.shelf.values


async def test_a_body_of_unknown_length_that_turns_out_too_long_is_not_stored():
    class Unknown(BytesBody):
        length = None

    answers = [lambda _: Response(200, b"OK", [], Unknown(b"x" * 100))]
    world = World(*answers, config=Cache(ttl=60, max_object=50))
    assert len((await world.get()).body) == 100
    assert not world.shelf.values


async def test_negative_answers_have_lifetimes_of_their_own_and_are_never_served_stale():
    config = Cache(ttl=60, negative={404: 5.0}, stale_if_error=600.0)
    world = World(response(404, b"no"), RESET, config=config)
    await world.get()
    assert (await world.get()).status == 404
    world.clock.advance(6)
    with pytest.raises(UpstreamReset):
        await world.get()


async def test_what_is_no_longer_there_does_not_stand_in_for_a_later_failure():
    world = World(ok(b"one"), response(404, b"gone"), RESET, config=LENIENT)
    await world.get()
    world.clock.advance(100)
    assert (await world.get()).status == 404
    with pytest.raises(UpstreamReset):
        await world.get()


async def test_what_broke_off_is_not_stored():
    class Broken(BytesBody):
        async def read(self):
            if data := self.take():
                return data
            raise RESET

    world = World(lambda _: Response(200, b"OK", [], Broken(b"half")), config=TTL)
    with pytest.raises(UpstreamReset):
        await world.get()
    assert not world.shelf.values


async def test_a_read_that_a_write_overtook_is_not_stored_as_fresh():
    release = asyncio.Event()

    class Slow(BytesBody):
        async def read(self):
            await release.wait()
            return self.take()

    world = World(lambda _: Response(200, b"OK", [], Slow(b"old")), ok(b"new"), config=TTL)
    reading = asyncio.create_task(world.get())
    await world.settle()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall())
    release.set()
    assert (await reading).body == b"old"
    assert (await world.get()).body == b"new"
