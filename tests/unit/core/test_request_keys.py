import pytest

from sidecar.core.credentials import Place, digest_of, has_key, with_key, with_moved_key
from tests.support.builders import request

GEMINI = Place(b"x-goog-api-key", "key")
BEARER = Place(b"Authorization", None, b"Bearer ")
QUERY = Place(None, "key")


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/v1/x", [], False),
        ("/v1/x?key=a", [], True),
        ("/v1/x?a=1&%6bey=a", [], True),
        ("/v1/x?key", [], True),
        ("/v1/x?monkey=a&keys=b", [], False),
        ("/key=a", [], False),
        ("/v1/x", [(b"X-Goog-Api-Key", b"a")], True),
    ],
)
def test_whether_the_application_sent_a_key(target, headers, expected):
    assert has_key(request("GET", target, headers), GEMINI) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/x", "/x"),
        ("/x?", "/x?"),
        ("/x?a=%2C&key=old&b=+&&c", "/x?a=%2C&b=+&&c"),
        ("/x?key=old", "/x"),
        ("/x?key=1&key=2&a", "/x?a"),
    ],
)
def test_a_key_replaces_all_others_and_nothing_else(target, expected):
    headers = [(b"A", b"1"), (b"X-Goog-API-Key", b"old"), (b"a", b"2")]
    keyed = with_key(request("GET", target, headers), GEMINI, "new")
    assert keyed.target == expected
    assert keyed.headers == [(b"A", b"1"), (b"a", b"2"), (b"x-goog-api-key", b"new")]
    assert headers[1] == (b"X-Goog-API-Key", b"old")


def test_a_scheme_stands_before_the_key():
    keyed = with_key(request("GET", "/x?key=a"), BEARER, "t")
    assert (keyed.target, keyed.headers) == ("/x?key=a", [(b"Authorization", b"Bearer t")])


@pytest.mark.parametrize(
    ("target", "expected"),
    [("/x", "/x?key=n%2F%3D"), ("/x?a", "/x?a&key=n%2F%3D"), ("/x?key=o", "/x?key=n%2F%3D")],
)
def test_without_a_header_the_key_goes_into_the_query(target, expected):
    keyed = with_key(request("GET", target, [(b"A", b"1")]), QUERY, "n/=")
    assert (keyed.target, keyed.headers) == (expected, [(b"A", b"1")])


@pytest.mark.parametrize(
    ("target", "expected", "key"),
    [
        ("/x?key=a-b", "/x", b"a-b"),
        ("/x?alt=sse&key=a%2Db&z=%2C", "/x?alt=sse&z=%2C", b"a-b"),
        ("/x?%6Bey=a", "/x", b"a"),
    ],
)
def test_a_key_moves_from_the_query_to_the_header(target, expected, key):
    moved = with_moved_key(request("GET", target, [(b"A", b"1")]), GEMINI)
    assert (moved.target, moved.headers) == (expected, [(b"A", b"1"), (b"x-goog-api-key", key)])


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/x", []),
        ("/x?key=", []),
        ("/x?key", []),
        ("/x?key=1&key=2", []),
        ("/x?key=a%0d%0aX:1", []),
        ("/x?key=a%20b", []),
        ("/x?key=%C3%A9", []),
        ("/x?key=1", [(b"X-Goog-Api-Key", b"2")]),
    ],
)
def test_what_cannot_be_moved_stays(target, headers):
    subject = request("GET", target, headers)
    assert with_moved_key(subject, GEMINI) is subject


def test_without_a_header_nothing_moves():
    subject = request("GET", "/x?key=1")
    assert with_moved_key(subject, QUERY) is subject


def test_digests_are_short_and_differ():
    assert digest_of("a") == digest_of("a") != digest_of("b")
    assert len(digest_of("a")) == 4
