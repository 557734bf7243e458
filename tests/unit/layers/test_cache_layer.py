"""What is kept is given again: to whom it may be, and for as long as it may be."""

import asyncio

import pytest

from sidecar.config.cache import Cache
from sidecar.core.cache.credentials import names_a_credential
from sidecar.errors import NotStored, UpstreamReset
from sidecar.layers.invalidate import Parts, invalidate
from tests.support.builders import response
from tests.support.cached import LENIENT, RESET, TTL, World, ok


async def test_a_miss_is_stored_and_a_hit_asks_nobody():
    world = World(ok(), config=TTL)
    first, second = await world.get(), await world.get()
    assert (first.body, first.source, first.note) == (
        b"one",
        "upstream",
        "sidecar; fwd=miss; stored",
    )
    assert (second.body, second.source, second.note) == (b"one", "cache", "sidecar; hit; ttl=60")
    assert (second.headers["age"], second.headers["content-length"]) == ("0", "3")
    assert len(world.calls) == 1
    assert world.stats.requests == {"miss": 1, "hit": 1}


async def test_its_lifetime_ends():
    world = World(ok(b"one"), ok(b"two"), config=TTL)
    await world.get()
    world.clock.advance(59.9)
    assert (await world.get()).body == b"one"
    world.clock.advance(0.1)
    assert (await world.get()).note == "sidecar; fwd=stale; stored"
    assert (await world.get()).body == b"two"
    world.clock.advance(61)
    assert (await world.get()).note == "sidecar; fwd=miss; stored"


async def test_a_length_is_added_where_the_upstream_sent_none():
    world = World(response(200, b"one"), config=TTL)
    assert "content-length" not in (await world.get()).headers
    assert (await world.get()).headers["content-length"] == "3"


async def test_users_are_told_apart():
    world = World(lambda e: ok(dict(e.request.headers)[b"Authorization"]), config=TTL)
    for _ in range(2):
        for token in (b"Bearer one", b"Bearer two"):
            assert (await world.get((b"Authorization", token))).body == token
    assert len(world.calls) == 2
    assert names_a_credential(b"Authorization")


async def test_a_request_for_a_fresh_answer_gets_no_stored_one_even_if_the_upstream_fails():
    world = World(ok(b"one"), RESET, config=TTL)
    await world.get()
    with pytest.raises(UpstreamReset):
        await world.get((b"Cache-Control", b"no-cache"))
    world.clock.advance(5)
    with pytest.raises(UpstreamReset):
        await world.get((b"Cache-Control", b"max-age=3"))
    assert (await world.get((b"Cache-Control", b"max-age=30"))).body == b"one"


async def test_only_if_cached_asks_nobody():
    world = World(ok(b"one"), config=LENIENT)
    only = (b"Cache-Control", b"only-if-cached")
    with pytest.raises(NotStored):
        await world.get(only)
    await world.get()
    assert (await world.get(only)).body == b"one"
    world.clock.advance(200)
    with pytest.raises(NotStored):
        await world.get(only)
    assert len(world.calls) == 1
    assert world.stats.requests["refused"] == 2


async def test_answers_differ_by_the_headers_that_vary_names():
    def answer(exchange):
        who = dict(exchange.request.headers).get(b"X-Who", b"nobody")
        return ok(who, (b"Vary", b"X-Who, Accept"))

    world = World(answer, config=TTL)
    for _ in range(2):
        for who in (b"a", b"b"):
            assert (await world.get((b"X-Who", who))).body == who
    assert len(world.calls) == 2


async def test_watching_only_counts():
    config = Cache(ttl=60, enforce=False)
    world = World(ok(b"one"), config=config)
    assert [(await world.get()).source for _ in range(2)] == ["upstream"] * 2
    await asyncio.gather(*[world.get() for _ in range(3)])
    assert len(world.calls) == 5
    await world.call("HEAD")
    assert world.stats.requests == {"shadow_miss": 1, "shadow_hit": 5}


async def test_a_condition_of_the_client_is_answered_by_the_cache_when_the_whole_comes():
    world = World(ok(b"one", (b"ETag", b'"a"')), config=TTL)
    got = await world.get((b"If-None-Match", b'"a"'))
    assert (got.status, got.body) == (304, b"")
    assert (await world.get()).body == b"one"
    assert len(world.calls) == 1
    assert world.calls[0].request.headers == []


async def test_a_401_signs_all_answers_of_its_user_out_and_is_stored_itself():
    def drop(tags):
        world.entries.bump(tags, world.clock.wall())

    key = World(ok()).key
    parts = Parts(
        written=lambda *_: (),
        credential=key.credential,
        sessions=lambda request: (key.credential(request),),
        ends_session=lambda _: False,
        drop=drop,
        write=drop,
        write_again=lambda *_: None,
        reads=lambda _: False,
    )
    config = Cache(ttl=60, negative={401: 5.0})
    world = World(ok(b"mine"), config=config, inner=invalidate(parts))
    token = (b"Authorization", b"Bearer one")
    other = (b"Authorization", b"Bearer two")
    await world.get(token)
    await world.get(other)
    world.answers = [response(401, b"no")]
    assert (await world.get(token, target="/other")).status == 401
    assert (await world.get(token, target="/other")).source == "cache"
    assert (await world.get(token)).status == 401
    assert (await world.get(other)).body == b"mine"
