"""What requests ask of a cache, Vary, and what is stored, by the suite `http-cache-tests`.

Where this cache differs from the suite, the case says so.
"""

import pytest

from sidecar.errors import UpstreamReset
from tests.support.builders import response
from tests.support.cache_suite import CC, CONFIG, FRESH, fields, second_is_cached
from tests.support.cached import World


@pytest.mark.parametrize(
    ("asked", "first", "cached"),
    [
        (b"max-age=0", FRESH, False),
        (b"max-age=1", FRESH, False),
        (b"max-age=600", [(CC, b"max-age=3600"), ("Age", b"1800")], False),
        (b"max-age=600", FRESH, True),
        (b"max-stale=1000", [(CC, b"max-age=1")], True),
        (b"max-stale=1", [(CC, b"max-age=1")], False),
        (b"max-stale", [(CC, b"max-age=1")], True),
        (b"max-stale=1000", [(CC, b"max-age=1500"), ("Age", b"2000")], True),
        (b"max-stale=1000", [(CC, b"max-age=1, must-revalidate")], False),
        (b"max-stale=1000", [(CC, b"s-maxage=1")], False),
        (b"max-stale=1000", [(CC, b"max-age=9, no-cache")], False),
        (b"max-age=1, max-stale=9", FRESH, True),
        (b"max-age=1, max-stale=1", FRESH, False),
        (b"min-fresh=2000", [(CC, b"max-age=1500")], False),
        (b"min-fresh=1000", [(CC, b"max-age=1500"), ("Age", b"1000")], False),
        (b"min-fresh=1000", [(CC, b"max-age=1500")], True),
        (b"no-cache", [(CC, b"max-age=3600")], False),
        (b"no-store", [(CC, b"max-age=3600")], False),
        (b"extension", [(CC, b"max-age=3600")], True),
    ],
)
async def test_the_directives_of_a_request_are_heard(asked, first, cached):
    assert await second_is_cached(first, again=[(CC, asked)]) == cached


async def test_pragma_in_a_request_counts_only_without_cache_control():
    fresh = [(CC, b"max-age=3600")]
    assert not await second_is_cached(fresh, again=[("Pragma", b"no-cache")])
    assert await second_is_cached(fresh, again=[("Pragma", b"no-cache"), (CC, b"foo")])
    assert await second_is_cached(fresh, again=[("Pragma", b"foo")])


@pytest.mark.parametrize(
    ("said", "cached"),
    [
        (b"max-age=9", False),
        (b"max-age=9, public", True),
        (b"max-age=9, must-revalidate", True),
        (b"s-maxage=9", True),
    ],
)
async def test_an_answer_to_authorization_is_shared_only_where_it_says_so(said, cached):
    asked = [("Authorization", b"FOO")]
    assert await second_is_cached([(CC, said)], request=asked, again=[]) == cached


VARY = [("Expires", 5000), ("Last-Modified", -3000), ("Vary", b"Foo")]


@pytest.mark.parametrize(
    ("vary", "request_", "again", "cached"),
    [
        (b"Foo", [("Foo", b"1")], [("Foo", b"1")], True),
        (b"Foo", [("Foo", b"1")], [("Foo", b"2")], False),
        (b"Foo", [], [("Foo", b"1")], False),
        (b"Foo", [("Foo", b"1")], [], False),
        (b"Foo", [("Foo", b"1"), ("Other", b"2")], [("Foo", b"1"), ("Other", b"3")], True),
        (b"Foo, Bar", [("Foo", b"1"), ("Bar", b"a")], [("bar", b"a"), ("foo", b"1")], True),
        (b"Foo, Bar", [("Foo", b"1"), ("Bar", b"a")], [("Foo", b"2"), ("Bar", b"a")], False),
        (b"Foo, Bar", [("Foo", b"1")], [("Foo", b"1")], True),
        (b"Foo", [("Foo", b"1, 2")], [("Foo", b"1"), ("Foo", b"2")], True),
        (b"Foo", [("Foo", b"1,2")], [("Foo", b" 1, 2 ")], True),
        (b"Accept-Language", [("Accept-Language", b"en")], [("Accept-Language", b"eN")], True),
        (b"Foo", [("Foo", b"a")], [("Foo", b"A")], False),
        # Some servers read an order of preference into this, so it is not the same.
        (b"Accept-Language", [("Accept-Language", b"en, de")], [("Accept-Language", b"de")], False),
    ],
)
async def test_vary_selects(vary, request_, again, cached):
    first = [("Expires", 5000), ("Vary", vary)]
    assert await second_is_cached(first, request=request_, again=again) == cached


async def test_two_variants_are_kept_beside_each_other():
    world = World(config=CONFIG, shared=True)
    for value in (b"1", b"2"):
        world.answers = [response(200, value, fields(world, [("Date", 0), *VARY]))]
        got = await world.get((b"Foo", value))
        assert (got.body, got.note) == (value, "sidecar; fwd=miss; stored")  # no `uri-miss`
    world.answers = [UpstreamReset("gone", code="upstream_reset")]
    assert [(await world.get((b"Foo", value))).body for value in (b"1", b"2")] == [b"1", b"2"]


async def test_age_and_date_are_as_the_standard_says():
    world = World(config=CONFIG, shared=True)
    date = world.date()
    head = [(b"Cache-Control", b"max-age=600"), (b"Date", date), (b"Age", b"30")]
    world.answers = [response(200, b"one", head)]
    await world.get()
    world.clock.advance(3)
    got = await world.get()
    assert (got.headers["age"], got.headers["date"]) == ("33", date.decode())
    assert got.note == "sidecar; hit; ttl=567"
    assert got.source == "cache"


async def test_a_date_is_added_to_what_is_stored_without_one():
    world = World(config=CONFIG, shared=True)
    world.answers = [response(200, b"one", [(b"Cache-Control", b"max-age=600")])]
    received = world.date().decode()
    assert "date" not in (await world.get()).headers
    world.clock.advance(7)
    got = await world.get()
    assert (got.headers["date"], got.headers["age"]) == (received, "7")


async def test_what_is_between_two_hops_is_not_stored():
    names = (b"Proxy-Authenticate", b"Proxy-Authentication-Info", b"Proxy-Authorization")
    world = World(config=CONFIG, shared=True)
    head = [(b"Cache-Control", b"max-age=600"), *[(name, b"x") for name in names], (b"C", b"3")]
    world.answers = [response(200, b"one", head)]
    await world.get()
    stored = await world.get()
    assert stored.headers["c"] == "3"
    assert not any(name.startswith("proxy-") for name in stored.headers)
