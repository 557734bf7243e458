import pytest

from sidecar.core.rewritten_body import (
    headers_for,
    is_whole_json,
    readable_codings,
    with_weak_etag,
)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (200, b"application/json", True),
        (201, b"application/json; charset=UTF-8", True),
        (200, b'Application/JSON;charset="utf-8"; x=y', True),
        (200, b"application/json; charset=utf-16", False),
        (200, b"text/event-stream", False),
        (200, b"application/json-seq", False),
        (200, b"", False),
        (206, b"application/json", False),
        (204, b"application/json", False),
        (302, b"application/json", False),
        (404, b"application/json", False),
    ],
)
def test_which_bodies_may_be_changed(status, kind, expected):
    assert is_whole_json(status, [(b"content-Type", kind)]) is expected


def test_an_answer_without_a_type_is_left_alone():
    assert not is_whole_json(200, [])


def test_what_is_said_about_the_old_bytes_goes():
    headers = [
        (b"Content-Type", b"application/json"),
        (b"content-encoding", b"gzip"),
        (b"Content-Length", b"9"),
        (b"Content-MD5", b"x"),
        (b"Content-Digest", b"x"),
        (b"Repr-Digest", b"x"),
        (b"Digest", b"x"),
        (b"Accept-Ranges", b"bytes"),
        (b"ETag", b'"a"'),
        (b"Vary", b"Accept-Encoding"),
    ]
    assert headers_for(headers, 12) == [
        (b"Content-Type", b"application/json"),
        (b"ETag", b'W/"a"'),
        (b"Vary", b"Accept-Encoding"),
        (b"Content-Length", b"12"),
    ]


def test_a_weak_etag_stays():
    assert with_weak_etag([(b"etag", b'W/"a"')]) == [(b"etag", b'W/"a"')]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"gzip, deflate", None),
        (b"", None),
        (b"gzip;q=0.5, identity;q=0", None),
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br;q=1.0, gzip;q=0.8", b"gzip;q=0.8"),
        (b"br", b"identity"),
        (b"*", b"identity"),
    ],
)
def test_no_coding_is_asked_for_that_cannot_be_removed(value, expected):
    headers = [(b"A", b"1"), (b"accept-encoding", value)]
    new = readable_codings(headers)
    if expected is None:
        assert new is headers
    else:
        assert new == [(b"A", b"1"), (b"accept-encoding", expected)]
