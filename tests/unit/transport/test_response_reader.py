"""What the reader of responses makes of bytes: heads, bodies, their ends, and what is no HTTP."""

import pytest

from sidecar.core.framing import CHUNKED, UNTIL_CLOSE
from sidecar.errors import BadResponse, TruncatedBody, UpstreamReset
from sidecar.transport.wire import MAX_HEAD, STALE, ResponseReader
from tests.support.responses import reader
from tests.support.wire import chunked

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def test_a_head_is_read_as_it_was_sent():
    head = reader(
        b"HTTP/1.1 418 I'm a \xfe teapot\r\nset-cookie: a\r\nSet-Cookie: b\r\nX-Y:  \xff\r\n"
        b"Keep-Alive: timeout=7\r\nConnection: x-z\r\nX-Z: gone\r\nX-Empty:\r\n\r\n"
    ).head
    assert head is not None
    assert (head.status, head.reason) == (418, b"I'm a \xfe teapot")
    assert head.headers == [
        (b"set-cookie", b"a"),
        (b"Set-Cookie", b"b"),
        (b"X-Y", b"\xff"),
        (b"X-Empty", b""),
    ]
    assert (head.framing, head.persistent, head.keep_alive_timeout) == (UNTIL_CLOSE, False, 7.0)


def test_a_response_of_known_length_ends_by_itself():
    subject = reader(OK)
    assert subject.head.framing == 2
    assert (subject.complete, subject.surplus, subject.buffered) == (True, False, 2)
    assert (subject.take(), subject.take()) == (b"ok", b"")
    assert subject.buffered == 0


def test_a_chunked_response_is_unchunked_and_its_trailers_are_dropped():
    body = b"2;name=value\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n"
    subject = reader(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert (subject.head.framing, subject.head.headers) == (CHUNKED, [])
    assert (subject.complete, subject.surplus, subject.head.persistent) == (True, False, True)
    assert (subject.take(), subject.take()) == (b"abc", b"")


def test_a_response_without_a_length_ends_with_a_clean_end_of_the_connection():
    subject = reader(b"HTTP/1.1 200 OK\r\n\r\nab")
    assert (subject.complete, subject.take(), subject.take()) == (False, b"ab", None)
    assert subject.feed_eof() is True
    assert subject.take() == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 2",
        OK[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
    ],
    ids=["nothing", "half a head", "short body", "no last chunk", "interim only"],
)
def test_an_early_end_of_the_connection_does_not_complete_a_response(data):
    subject = reader(data) if data else reader()
    assert subject.feed_eof() is False
    assert not subject.complete


def test_body_is_handed_out_as_it_arrives():
    subject = reader(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
    assert (subject.take(), subject.complete) == (None, False)
    subject.feed(b"ab")
    subject.feed(b"c")
    assert (subject.buffered, subject.take(), subject.take()) == (3, b"abc", None)
    subject.feed(b"d")
    assert (subject.take(), subject.take()) == (b"d", b"")


@pytest.mark.parametrize(
    "fields", [b"", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_what_has_no_body_is_complete_with_its_head(method, fields):
    status = b"200 OK" if method == "HEAD" else b"304 Not Modified"
    subject = reader(b"HTTP/1.1 " + status + b"\r\n" + fields + b"\r\n", method=method)
    assert (subject.head.framing, subject.complete, subject.surplus) == (0, True, False)
    assert (subject.take(), subject.head.persistent) == (b"", True)


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("apart", [True, False])
def test_a_body_that_must_not_be_there_is_surplus_and_never_given_out(method, apart):
    status = b"200 OK" if method == "HEAD" else b"304 Not Modified"
    head, body = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n", b"hello"
    subject = reader(*((head, body) if apart else (head + body,)), method=method)
    assert (subject.complete, subject.surplus) == (True, True)
    assert (subject.take(), subject.chunks) == (b"", type(subject.chunks)())


@pytest.mark.parametrize(
    "more",
    [b"x", OK, b"\x00", b"HTTP/1.1 101 S\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"],
)
def test_bytes_behind_the_end_are_surplus(more):
    together, apart = reader(OK + more), reader(OK, more)
    for subject in (together, apart):
        assert (subject.complete, subject.surplus, subject.head.status) == (True, True, 200)
        assert (subject.take(), subject.take()) == (b"ok", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 99 X\r\n\r\n",
        b"HTTP/1.1 600 X\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"<html>",
        b"\x16\x03\x01\x02\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX(: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n",
    ],
)
def test_what_is_not_http_is_a_bad_response_and_stays_one(data):
    subject = ResponseReader("GET")
    with pytest.raises(BadResponse) as caught:
        subject.feed(data)
    assert caught.value.code == "bad_response"
    with pytest.raises(BadResponse):
        subject.feed(OK)


def test_a_204_with_a_body_beside_it_is_a_bad_response():
    with pytest.raises(BadResponse, match="a 204 came with a body"):
        reader(b"HTTP/1.1 204 No Content\r\n\r\nbody")


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 4096),
        (b"HTTP/1.1 200 OK\r\n", b"X-Field: value\r\n" * 256),
        (b"HTTP/1.1 200 ", b"a" * 4096),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 4096),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 700),
    ],
    ids=["value", "fields", "reason", "interim", "chunk extension", "trailers"],
)
def test_what_brings_no_body_is_not_read_without_end(start, more):
    subject = reader(start) if start else reader()
    whole, left = divmod(MAX_HEAD - len(start), len(more))
    for _ in range(whole - 1):
        subject.feed(more)
    with pytest.raises(BadResponse, match="too large"):
        subject.feed(more + more + more[: left + 1])


def test_a_body_may_be_of_any_size():
    subject = reader(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(40):
        subject.feed(chunked(b"x" * (MAX_HEAD // 20), end=False))
        assert subject.take() == b"x" * (MAX_HEAD // 20)


@pytest.mark.parametrize(
    ("data", "reused", "kind", "code"),
    [
        (None, True, UpstreamReset, STALE),
        (None, False, UpstreamReset, "upstream_reset"),
        (b"H", True, UpstreamReset, "upstream_reset"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", True, UpstreamReset, "upstream_reset"),
        (b"HTTP/1.1 200 OK\r\n\r\n", True, TruncatedBody, "truncated_body"),
        (OK[:-1], False, TruncatedBody, "truncated_body"),
    ],
)
def test_end_of_the_connection_is_named_by_what_came_before_it(data, reused, kind, code):
    subject = reader(data) if data else ResponseReader("GET")
    error = subject.ended(reused=reused)
    assert (type(error), error.code) == (kind, code)
