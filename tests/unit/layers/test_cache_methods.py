"""HEAD is answered from a GET, and POST is a read where the route says so."""

import pytest

from sidecar.config.cache import Cache
from tests.support.builders import response
from tests.support.cached import LENIENT, RESET, TTL, World, ok, read


async def test_head_is_answered_from_the_get_and_never_stored_for_it():
    world = World(response(200, b""), ok(b"one"), config=TTL)
    assert (await world.call("HEAD")).status == 200
    assert not world.shelf.values
    await world.get()
    got = await world.call("HEAD")
    assert (got.source, got.headers["content-length"]) == ("cache", "3")
    assert [call.request.method for call in world.calls] == ["HEAD", "GET"]


async def test_a_refresh_that_a_head_or_a_part_caused_fetches_the_whole():
    for method, headers in (("HEAD", []), ("GET", [(b"Range", b"bytes=0-0")])):
        config = Cache(mode="rfc9111", stale_while_revalidate=60.0)
        answer = ok(b"one", (b"Cache-Control", b"max-age=10"))
        world = World(answer, config=config)
        await world.get()
        world.clock.advance(20)
        await world.call(method, "/thing", headers)
        await world.settle()
        sent = world.calls[-1].request
        assert (len(world.calls), sent.method, sent.headers) == (2, "GET", [])


async def test_a_head_is_stale_too_where_the_upstream_fails():
    world = World(ok(b"one"), RESET, response(503), config=LENIENT)
    await world.get()
    world.clock.advance(100)
    for _ in range(2):
        assert (await world.call("HEAD")).headers["x-sidecar-degraded"] == "stale"


@pytest.mark.parametrize(
    ("said", "calls"),
    [
        ((), 3),
        (((b"Content-Length", b"3"), (b"Cache-Control", b"max-age=60")), 3),
        (((b"Last-Modified", b"yesterday"),), 3),
        (((b"ETag", b'"1"'),), 2),
    ],
)
async def test_a_head_makes_a_body_young_again_only_where_it_says_that_it_is_the_same(said, calls):
    """Else each HEAD would add a `ttl` to what is out of date."""
    world = World(ok(b"one", *said), response(200, b"", list(said)), config=LENIENT)
    await world.get()
    world.clock.advance(100)
    assert (await world.call("HEAD")).note == "sidecar; fwd=stale"
    world.answers = [ok(b"two")]
    await world.get()
    await world.settle()
    assert len(world.calls) == calls


async def test_a_post_is_not_stored_by_the_rules_of_the_standard():
    config = Cache(mode="rfc9111", post=True)
    world = World(ok(b"one", (b"Cache-Control", b"max-age=10")), config=config)
    await world.call("POST", body=b"a")
    assert not world.shelf.values


async def test_a_post_is_a_read_where_the_route_says_so():
    world = World(lambda e: ok(b"<" + e.request.body.data + b">"), config=Cache(ttl=60, post=True))
    for body in (b"a", b"b", b"a"):
        assert (await world.call("POST", body=body)).body == b"<" + body + b">"
    assert len(world.calls) == 2
    await world.call("PUT", body=b"a")
    assert world.stats.requests == {"miss": 2, "hit": 1, "bypass": 1}


async def test_a_post_that_is_stale_is_fetched_anew_with_its_body():
    config = Cache(ttl=60, post=True, stale_while_revalidate=60)
    world = World(lambda e: ok(b"<" + e.request.body.data + b">"), config=config)
    exchange = world.exchange("POST", body=b"a")
    await read(await world.layer(exchange))
    assert world.calls[0].request.body is not exchange.request.body  # whoever sent it may leave
    world.clock.advance(70)
    await world.call("POST", body=b"a")
    await world.settle()
    assert await world.calls[-1].request.body.read() == b"a"
    assert not world.warmer._known  # bodies are not kept
