"""A 304 makes what is kept as good as new, and nothing else of it."""

import base64
import json

import pytest

from sidecar.config.cache import Cache
from tests.support.builders import response
from tests.support.cached import TTL, World, ok


async def test_a_304_renews_what_is_stored():
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag, (b"A", b"new")]), config=TTL)
    await world.get()
    world.clock.advance(61)
    got = await world.get()
    assert (got.status, got.body, got.headers["a"]) == (200, b"one", "new")
    assert got.note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get()).note == "sidecar; hit; ttl=60"


async def test_what_was_renewed_is_as_old_as_the_304_says_and_made_from_what_is_now():
    etag, said = (b"ETag", b'"1"'), (b"Cache-Control", b"max-age=10")
    first = ok(b"one", etag, said, (b"Age", b"5"))
    world = World(first, response(304, b"", [etag]), config=Cache(mode="rfc9111"))
    await world.get()
    world.clock.advance(6)
    await world.get()
    tags = world.tags(world.calls[0].request)
    world.entries.bump(("other",), world.clock.wall())
    assert (await world.get()).headers["age"] == "0"
    world.entries.bump(tags, world.clock.wall())
    world.answers = [ok(b"two")]
    assert (await world.get()).body == b"two"


async def test_what_is_renewed_after_a_change_is_current():
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag]), config=TTL)
    await world.get()
    world.entries.bump(world.tags(world.calls[0].request), world.clock.wall(), soft=True)
    assert (await world.get()).note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get()).note == "sidecar; hit; ttl=60"


async def test_a_renewed_answer_does_not_outlive_the_token_either():
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1_700_000_100}).encode()).rstrip(b"=")
    token = (b"Authorization", b"Bearer eyJ9." + claims + b".x")
    etag = (b"ETag", b'"1"')
    world = World(ok(b"one", etag), response(304, b"", [etag]), config=TTL)
    await world.get(token)
    world.clock.advance(70)
    assert (await world.get(token)).note == "sidecar; fwd=stale; fwd-status=304; stored"
    assert (await world.get(token)).note == "sidecar; hit; ttl=30"
    world.clock.advance(31)
    world.answers = [response(401, b"no")]
    assert (await world.get(token)).status == 401


async def test_a_304_about_something_else_leads_to_a_whole_answer():
    config = Cache(mode="rfc9111")
    said = (b"Cache-Control", b"max-age=5")
    world = World(
        ok(b"one", said, (b"ETag", b'"1"')),
        response(304, b"", [(b"ETag", b'"2"')]),
        ok(b"two", said, (b"ETag", b'"2"')),
        config=config,
    )
    await world.get()
    world.clock.advance(6)
    assert (await world.get()).body == b"two"
    assert [b"If-None-Match" in dict(call.request.headers) for call in world.calls] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(("modified", "conditions"), [(0.0, 0), (-1.0, 1), (-60.0, 1)])
async def test_a_date_is_no_condition_within_its_own_second(modified, conditions):
    """A write within that second leaves it as it is: a 304 would keep what was there before."""
    world = World(config=TTL)
    last = (b"Last-Modified", world.date(modified))
    world.answers = [ok(b"one", last, (b"Date", world.date())), ok(b"two", last)]
    await world.get()
    world.clock.advance(61)
    await world.get()
    assert len(world.calls[-1].request.headers) == conditions


async def test_a_304_that_the_upstream_did_not_say_tells_what_it_said():
    etag = (b"ETag", b'"1"')
    got = await World(ok(b"one", etag), config=TTL).get((b"If-None-Match", b'"1"'))
    assert (got.status, got.body) == (304, b"")
    assert got.note == "sidecar; fwd=miss; stored; fwd-status=200"
