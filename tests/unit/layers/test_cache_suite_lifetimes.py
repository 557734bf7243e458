"""How long an answer is used, by the public suite `http-cache-tests`; cases have the names there.

Where this cache differs from the suite, the case says so.
"""

import pytest

from tests.support.cache_suite import CC, FRESH, STALE, second_is_cached

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
