"""The cases of the public suite `http-cache-tests`, each by the name that it has there.

Where this cache differs from the suite, the case says so.
"""

import pytest

from sidecar.config.cache import Cache
from sidecar.errors import UpstreamReset
from tests.support.builders import response
from tests.support.cached import World

PAUSE = 3.0
CONFIG = Cache(mode="rfc9111", shared=True, stale_if_error=60.0)


def fields(world, headers):
    """Numbers are dates, so many seconds from now."""
    return [
        (name.encode(), world.date(value) if isinstance(value, int) else value)
        for name, value in headers
    ]


async def second_is_cached(first, *, status=200, request=(), again=None, pause=PAUSE):
    """Whether the second of two requests is answered from what was stored."""
    world = World(config=CONFIG, shared=True)
    made = [("Date", 0)] if not any(name == "Date" for name, _ in first) else []
    world.answers = [response(status, b"one", fields(world, [*made, *first]))]
    await world.get(*fields(world, request))
    world.clock.advance(pause)
    world.answers = [response(200, b"two")]
    got = await world.get(*fields(world, request if again is None else again))
    return got.body == b"one"


CC = "Cache-Control"
FRESH = [("Expires", 100000), ("Last-Modified", 0)]
STALE = [("Expires", -5000), ("Last-Modified", -100000)]

LIFETIMES = [
    ("freshness-none", [], False),
    ("freshness-max-age", [(CC, b"max-age=3600")], True),
    ("freshness-max-age-0", [(CC, b"max-age=0")], False),
    ("freshness-max-age-max", [(CC, b"max-age=2147483648")], True),
    ("freshness-max-age-max-plus", [(CC, b"max-age=99999999999")], True),
    ("freshness-max-age-age", [(CC, b"max-age=3600"), ("Age", b"7200")], False),
    ("freshness-max-age-date", [("Date", -7200), (CC, b"max-age=3600")], False),
    ("freshness-max-age-expires", [(CC, b"max-age=3600"), ("Expires", -7200)], True),
    ("freshness-max-age-expires-invalid", [(CC, b"max-age=3600"), ("Expires", b"0")], True),
    ("freshness-max-age-0-expires", [("Expires", 3600), (CC, b"max-age=0")], False),
    ("freshness-max-age-extension", [(CC, b"foobar, max-age=3600")], True),
    ("freshness-max-age-case-insenstive", [(CC, b"MaX-aGe=3600")], True),
    ("freshness-max-age-negative", [(CC, b"max-age=-3600")], False),
    ("freshness-s-maxage-shared", [(CC, b"s-maxage=3600")], True),
    ("s-maxage-shared-longer", [(CC, b"max-age=3600, s-maxage=1")], False),
    ("s-maxage-shared-longer-reversed", [(CC, b"s-maxage=1, max-age=3600")], False),
    ("s-maxage-shared-longer-multiple", [(CC, b"max-age=3600"), (CC, b"s-maxage=1")], False),
    ("s-maxage-shared-shorter", [(CC, b"max-age=1, s-maxage=3600")], True),
    ("s-maxage-shorter-expires", [("Expires", -10), (CC, b"max-age=0, s-maxage=3600")], True),
    ("freshness-max-age-quoted", [(CC, b'max-age="3600"')], True),
    ("freshness-max-age-single-quoted", [(CC, b"max-age='3600'")], False),
    ("max-age-ignore-quoted", [(CC, b'extension="max-age=3600", max-age=1')], False),
    ("max-age-ignore-quoted-rev", [(CC, b'max-age=1, extension="max-age=3600"')], False),
    ("max-age-ignore-quoted-all", [(CC, b'extension="max-age=3600", max-age="1"')], False),
    ("max-age-ignore-quoted-all-rev", [(CC, b'max-age="1", extension="max-age=3600"')], False),
    ("freshness-max-age-leading-zero", [(CC, b"max-age=003600")], True),
    ("freshness-max-age-space-before-equals", [(CC, b"max-age =3600")], False),
    ("freshness-max-age-space-after-equals", [(CC, b"max-age= 3600")], False),
    ("freshness-max-age-a100", [(CC, b"max-age=a3600")], False),
    ("freshness-max-age-100a", [(CC, b"max-age=3600a")], False),
    ("freshness-max-age-multiple-line", [(CC, b"max-age=3600"), (CC, b"max-age=1800")], True),
    ("max-age-two-stale-fresh", [(CC, b"max-age=1"), (CC, b"max-age=1800")], False),
    ("max-age-two-fresh-stale", [(CC, b"max-age=1800, max-age=1")], False),
    ("freshness-expires-future", [("Expires", 30 * 86400)], True),
    ("freshness-expires-past", [("Expires", -30 * 86400)], False),
    ("freshness-expires-present", [("Expires", 0)], False),
    ("freshness-expires-old-date", [("Expires", 300), ("Date", 400)], False),
    ("freshness-expires-invalid", [("Expires", b"0")], False),
    ("freshness-expires-invalid-date", [("Date", b"foo"), ("Expires", 10)], True),
    ("expires-age-slow-date", [("Date", -10), ("Expires", 10), ("Age", b"25")], False),
    ("expires-age-fast-date", [("Date", 10), ("Expires", 20), ("Age", b"15")], False),
    ("expires-rfc850", [("Expires", b"Thursday, 18-Aug-50 02:01:18 GMT")], True),
    ("expires-ansi-c", [("Expires", b"Thu Aug  8 02:01:18 2050")], True),
    ("expires-wrong-case", [("Expires", b"THU, 18 AUG 2050 02:01:18 gMT")], True),
    ("expires-utc", [("Expires", b"Thu, 18 Aug 2050 02:01:18 UTC")], False),
    ("expires-two-digit-year", [("Expires", b"Thu, 18 Aug 50 02:01:18 GMT")], False),
    ("expires-1-digit-hour", [("Expires", b"Thu, 18 Aug 2050 2:01:18 GMT")], False),
    ("expires-multiple-lines", [("Expires", 100), ("Expires", 101)], False),
    *[
        (f"age-parse {value!r}", [(CC, b"max-age=3600"), ("Age", value)], False)
        for value in (b"abc", b"-7200", b"7200.0", b"7200,0", b"0, 0", b"7200;foo=bar", b"7200;a=1")
    ],
    ("age-parse-dup-old", [(CC, b"max-age=10000"), ("Age", b"3600, 3600")], False),
    ("age-parse-twoline", [(CC, b"max-age=3600"), ("Age", b"0"), ("Age", b"7200")], False),
    # The suite wants the first of "0,7200"; whoever sends that does not know its age.
    ("age-parse-prefix", [(CC, b"max-age=3600"), ("Age", b"0,7200")], False),
    ("cc-resp-private-shared", [(CC, b"private, max-age=3600")], False),
    ("cc-resp-private-field", [(CC, b'private="a", max-age=3600')], False),
    ("cc-resp-no-store", [(CC, b"no-store")], False),
    ("cc-resp-no-store-case-insensitive", [(CC, b"No-StOrE")], False),
    ("cc-resp-no-store-fresh", [(CC, b"max-age=10000, no-store"), ("Expires", 10000)], False),
    ("cc-resp-no-cache", [(CC, b"max-age=10000, no-cache"), ("Expires", 10000)], False),
    ("cc-resp-no-cache-field", [(CC, b'max-age=10000, no-cache="a"')], False),
    ("cc-resp-must-revalidate-fresh", [(CC, b"max-age=10000, must-revalidate")], True),
    ("pragma-response-no-cache", [(CC, b"max-age=3600"), ("Pragma", b"no-cache")], True),
    ("pragma-heuristic", [("Last-Modified", -10000), ("Pragma", b"no-cache")], False),
    ("pragma-response-extension", [(CC, b"max-age=3600"), ("Pragma", b"extension")], True),
    ("other-set-cookie", [(CC, b"max-age=3600"), ("Set-Cookie", b"a=b")], True),
    ("set-cookie-heuristic", [("Last-Modified", -100000), ("Set-Cookie", b"a=b")], False),
    *[(f"heuristic-delta-{n}", [("Last-Modified", -n)], n >= 60) for n in (5, 10, 60, 3600)],
    ("heuristic-future", [("Last-Modified", 5000)], False),
    ("vary-syntax-star", [*FRESH, ("Vary", b"*")], False),
    ("vary-syntax-empty-star-lines", [*FRESH, ("Vary", b""), ("Vary", b"*")], False),
    ("vary-syntax-star-foo", [*FRESH, ("Vary", b"*, Foo")], False),
    ("vary-syntax-foo-star", [*FRESH, ("Vary", b"Foo, *")], False),
]


@pytest.mark.parametrize(("headers", "cached"), [case[1:] for case in LIFETIMES], ids=str)
async def test_a_response_is_used_again_as_the_suite_says(headers, cached):
    assert await second_is_cached(headers) == cached


@pytest.mark.parametrize(
    "status",
    [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599],
)
async def test_every_final_status_with_explicit_freshness_is_used_again(status):
    assert await second_is_cached(FRESH, status=status)
    assert not await second_is_cached(STALE, status=status)


@pytest.mark.parametrize(
    ("status", "cached"),
    [
        *[(status, True) for status in (200, 203, 204, 404, 405, 410, 414, 501)],
        *[(status, False) for status in (201, 202, 403, 502, 503, 504, 599)],
    ],
)
async def test_a_lifetime_is_guessed_only_for_the_statuses_that_allow_it(status, cached):
    guessed = [("Last-Modified", -86400)]
    assert await second_is_cached(guessed, status=status) == cached
    if status == 599:
        assert await second_is_cached([*guessed, (CC, b"public")], status=status)


async def test_what_must_be_understood_is_stored_only_with_a_known_status():
    understood = [(CC, b"max-age=3600, must-understand, no-store")]
    assert await second_is_cached(understood)
    assert not await second_is_cached(understood, status=599)


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
        assert (await world.get((b"Foo", value))).body == value
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
