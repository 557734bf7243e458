from hypothesis import given
from hypothesis import strategies as st

from sidecar.transport.wire import request_head
from tests.support.wire import RequestReader

TOKEN = st.text("abcXYZ_-09", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=12).filter(lambda value: not set(value) & set(b"\r\n \t"))
TARGET = st.binary(max_size=20).filter(lambda target: not set(target) & set(b"\r\n "))


def test_host_comes_first_then_the_fields_as_given():
    fields = [(b"X-a", b"1"), (b"x-A", b"\xff"), (b"Content-Length", b"0"), (b"X-Empty", b"")]
    assert request_head("POST", "/a?b=%2C", b"x.test:81", fields, chunked=False) == (
        b"POST /a?b=%2C HTTP/1.1\r\nHost: x.test:81\r\nX-a: 1\r\nx-A: \xff\r\n"
        b"Content-Length: 0\r\nX-Empty: \r\n\r\n"
    )


def test_a_body_of_unknown_length_is_announced_as_chunked():
    head = request_head("POST", "/", b"h", [(b"A", b"1")], chunked=True)
    assert head == b"POST / HTTP/1.1\r\nHost: h\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n"


@given(TARGET, st.lists(st.tuples(TOKEN, VALUE), max_size=5))
def test_target_and_fields_arrive_byte_for_byte(rest, fields):
    target = (b"/" + rest).decode("utf-8", "surrogateescape")
    reader = RequestReader()
    reader.feed(request_head("PURGE", target, b"h", fields, chunked=False))
    (request,) = reader.requests
    assert (request.method, request.target) == (b"PURGE", b"/" + rest)
    assert request.headers == [(b"Host", b"h"), *fields]
