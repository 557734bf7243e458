"""Conditions, parts, errors and HEAD at a cache, by the public suite `http-cache-tests`.

Where this cache differs from the suite, the case says so.
"""

import pytest

from sidecar.errors import UpstreamReset
from tests.support.builders import response
from tests.support.cache_suite import CONFIG, PAUSE
from tests.support.cached import World


@pytest.mark.parametrize(
    ("name", "before", "after", "updated"),
    [
        *[
            (name, b"a", b"b", True)
            for name in ("Test-Header", "X-Content-Foo", "Set-Cookie", "Content-Location")
        ],
        ("Content-Type", b"text/plain", b"text/plain;charset=utf-8", True),
        ("Content-Encoding", b"a", b"b", False),
        ("Content-Length", b"3", b"10", False),
        ("Content-MD5", b"a", b"b", False),
        ("Content-Range", b"a", b"b", False),
    ],
)
async def test_a_304_updates_what_does_not_describe_the_stored_bytes(name, before, after, updated):
    world = World(config=CONFIG, shared=True)
    base = [(b"Cache-Control", b"max-age=2"), (b"ETag", b'"1"'), (b"Kept", b"yes")]
    world.answers = [response(200, b"one", [*base, (name.encode(), before)])]
    await world.get()
    world.clock.advance(PAUSE)
    world.answers = [response(304, b"", [*base[:2], (name.encode(), after)])]
    got = await world.get()
    sent = dict(world.calls[-1].request.headers)
    assert sent[b"If-None-Match"] == b'"1"'
    expected = (after if updated else before).decode()
    for each in (got, await world.get()):
        assert (each.status, each.body, each.headers[name.lower()]) == (200, b"one", expected)
        assert each.headers["kept"] == "yes"
    assert len(world.calls) == 2


@pytest.mark.parametrize(
    ("stored", "asked", "status"),
    [
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'"a"')], 304),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'W/"a"')], 304),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'"1", "a", "2"')], 304),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'"1"'), (b"If-None-Match", b'"a"')], 304),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b"*")], 304),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'"b"')], 200),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b"a")], 200),
        ([], [(b"If-None-Match", b'"a"')], 200),
        ([("Last-Modified", -3000)], [("If-Modified-Since", -3000)], 304),
        ([("Last-Modified", -3000)], [("If-Modified-Since", -2000)], 304),
        ([("Last-Modified", -3000)], [("If-Modified-Since", -4000)], 200),
        ([], [("If-Modified-Since", 100)], 304),
        ([], [("If-Modified-Since", -100)], 200),
        ([("Last-Modified", -9)], [(b"If-None-Match", b'"a"'), ("If-Modified-Since", 0)], 200),
        ([(b"ETag", b'"a"')], [(b"If-None-Match", b'"a"'), ("If-Modified-Since", -9999)], 304),
    ],
)
async def test_a_condition_is_answered_from_what_is_stored(stored, asked, status):
    world = World(config=CONFIG, shared=True)

    def dated(pairs):
        return [(n.encode(), world.date(v)) if isinstance(n, str) else (n, v) for n, v in pairs]

    head = [(b"Cache-Control", b"max-age=600"), (b"Content-Type", b"text/x")]
    world.answers = [response(200, b"one", [*head, (b"Date", world.date()), *dated(stored)])]
    await world.get()
    got = await world.get(*dated(asked))
    assert (got.status, len(world.calls)) == (status, 1)
    assert got.body == (b"" if status == 304 else b"one")
    if status == 304:
        assert "content-type" not in got.headers
        assert {"date", "cache-control"} <= set(got.headers)
        for name, _ in stored:
            assert (name.decode() if isinstance(name, bytes) else name).lower() in got.headers


async def test_a_304_after_validation_answers_the_clients_own_condition():
    world = World(config=CONFIG, shared=True)
    modified = world.date(-3000)
    head = [(b"Cache-Control", b"max-age=2"), (b"Last-Modified", modified)]
    world.answers = [response(200, b"one", head)]
    await world.get()
    world.clock.advance(PAUSE)
    world.answers = [response(304, b"", [(b"Last-Modified", modified)])]
    got = await world.get((b"If-Modified-Since", modified))
    assert (got.status, got.body) == (304, b"")
    assert got.note == "sidecar; fwd=stale; fwd-status=304; stored"


@pytest.mark.parametrize(
    ("asked", "status", "body", "span"),
    [
        (b"bytes=0-1", 206, b"01", "bytes 0-1/11"),
        (b"bytes=1-", 206, b"1234567890", "bytes 1-10/11"),
        (b"bytes=-1", 206, b"0", "bytes 10-10/11"),
        (b"bytes=-99", 206, b"01234567890", "bytes 0-10/11"),
        (b"bytes=5-99", 206, b"567890", "bytes 5-10/11"),
        (b"bytes=11-", 416, b"", "bytes */11"),
        (b"bytes=-0", 416, b"", "bytes */11"),
        (b"bytes=3-1", 200, b"01234567890", None),
        (b"bytes=0-1,3-4", 200, b"01234567890", None),
        (b"bytes=-", 200, b"01234567890", None),
        (b"lines=1-2", 200, b"01234567890", None),
    ],
)
async def test_a_part_is_cut_out_of_what_is_stored(asked, status, body, span):
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", b"max-age=600"), (b"Content-Length", b"11"), (b"A", b"1")]
    world.answers = [response(200, b"01234567890", head)]
    await world.get()
    got = await world.get((b"Range", asked))
    assert (got.status, got.body, got.headers.get("content-range")) == (status, body, span)
    assert got.headers["content-length"] == str(len(body))
    assert (got.headers["a"], len(world.calls)) == ("1", 1)


@pytest.mark.parametrize(
    ("condition", "status"), [(b'"a"', 206), (b'"b"', 200), (b'W/"a"', 200), (b"yesterday", 200)]
)
async def test_a_part_is_given_only_of_what_the_client_has(condition, status):
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", b"max-age=600"), (b"ETag", b'"a"')]
    world.answers = [response(200, b"0123", head)]
    await world.get()
    assert (await world.get((b"Range", b"bytes=0-0"), (b"If-Range", condition))).status == status


@pytest.mark.parametrize(
    ("modified", "condition", "status"),
    [(-3000, -3000, 206), (-3000, -2999, 200), (-1, -1, 206), (0, 0, 200)],
)
async def test_of_a_date_a_part_is_given_only_where_nothing_changed_within_its_second(
    modified, condition, status
):
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", b"max-age=600"), (b"Date", world.date())]
    changed = (b"Last-Modified", world.date(modified))
    world.answers = [response(200, b"0123", [*head, changed])]
    await world.get()
    asked = (b"Range", b"bytes=0-0"), (b"If-Range", world.date(condition))
    assert (await world.get(*asked)).status == status


@pytest.mark.parametrize("asked", [b"bytes=0-1", b"bytes=9-"])
async def test_a_part_does_not_come_with_the_digest_of_the_whole_content(asked):
    world = World(config=CONFIG, shared=True)
    digests = [(b"Content-Digest", b"sha-256=:a:"), (b"Content-MD5", b"b")]
    digests += [(b"Repr-Digest", b"sha-256=:a:"), (b"Digest", b"sha-256=a")]
    world.answers = [response(200, b"0123", [(b"Cache-Control", b"max-age=600"), *digests])]
    await world.get()
    names = {name for name, _ in digests}
    for headers, found in (((), names), (((b"Range", asked),), {b"Repr-Digest", b"Digest"})):
        got = await world.get(*headers)
        assert {name for name in names if name.decode().lower() in got.headers} == found


async def test_a_part_is_never_stored_for_the_whole():
    world = World(config=CONFIG, shared=True)
    part = [(b"Cache-Control", b"max-age=600"), (b"Content-Range", b"bytes 0-4/10")]
    world.answers = [response(206, b"01234", part)]
    assert (await world.get((b"Range", b"bytes=0-4"))).status == 206
    await world.get()  # a server that answers 206 unasked
    assert not world.shelf.values


@pytest.mark.parametrize("failure", [UpstreamReset("gone", code="upstream_reset"), response(503)])
@pytest.mark.parametrize(
    ("said", "served"),
    [
        (b"max-age=2", True),  # the operator allows it
        (b"max-age=2, stale-if-error=60", True),
        (b"max-age=2, stale-if-error=0", False),
        (b"max-age=2, must-revalidate", False),
        (b"max-age=2, proxy-revalidate", False),
        (b"max-age=2, must-revalidate, stale-if-error=60", False),
        (b"max-age=2, no-cache", False),
        (b"s-maxage=2", False),
    ],
)
async def test_what_is_stale_stands_in_for_an_error_only_where_that_is_allowed(
    failure, said, served
):
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", said), (b"ETag", b'"1"')]
    world.answers = [response(200, b"one", head)]
    await world.get()
    world.clock.advance(PAUSE)
    world.answers = [failure]
    if served:
        got = await world.get()
        assert (got.status, got.body, got.headers["x-sidecar-degraded"]) == (200, b"one", "stale")
        assert got.note == "sidecar; hit; ttl=-1; detail=stale-if-error"
        assert "warning" not in got.headers
        world.clock.advance(61)
    if isinstance(failure, UpstreamReset):
        with pytest.raises(UpstreamReset):
            await world.get()
    else:
        assert (await world.get()).status == 503


async def test_an_update_by_head_renews_the_stored_answer_to_the_get():
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", b"max-age=2"), (b"ETag", b'"1"'), (b"A", b"1")]
    world.answers = [response(200, b"one", head)]
    await world.get()
    world.clock.advance(PAUSE)
    renewed = [(b"Cache-Control", b"max-age=1000"), (b"ETag", b'"1"'), (b"A", b"2")]
    world.answers = [response(200, b"", renewed)]
    assert (await world.call("HEAD")).status == 200
    assert world.calls[-1].request.method == "HEAD"
    got = await world.get()
    assert (got.body, got.headers["a"], len(world.calls)) == (b"one", "2", 2)


@pytest.mark.parametrize(("said", "calls"), [((), 3), ([(b"Cache-Control", b"max-age=2")], 2)])
async def test_a_head_that_names_no_version_renews_only_by_a_lifetime_of_its_own(said, calls):
    world = World(config=CONFIG, shared=True)
    world.answers = [response(200, b"one", [(b"Cache-Control", b"max-age=2")])]
    await world.get()
    world.clock.advance(PAUSE)
    world.answers = [response(200, b"", list(said))]
    await world.call("HEAD")
    await world.get()
    assert len(world.calls) == calls


@pytest.mark.parametrize("other", [(b"ETag", b'"2"'), (b"Content-Length", b"4")])
async def test_a_head_that_shows_another_representation_drops_the_stored_one(other):
    world = World(config=CONFIG, shared=True)
    base = [(b"Cache-Control", b"max-age=2")]
    world.answers = [response(200, b"one", [*base, (b"ETag", b'"1"')])]
    await world.get()
    world.clock.advance(PAUSE)
    world.answers = [response(200, b"", [(b"Cache-Control", b"max-age=1000"), other])]
    await world.call("HEAD")
    world.answers = [response(200, b"two", base)]
    assert (await world.get()).body == b"two"
