import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.framing import CHUNKED, UNTIL_CLOSE, is_persistent, response_framing
from sidecar.core.headers import read_response
from sidecar.errors import BadResponse

CHUNKS = (b"Transfer-Encoding", b"chunked")


def length(value):
    return (b"Content-Length", value)


@pytest.mark.parametrize(
    ("method", "status", "fields", "framing"),
    [
        ("GET", 200, [], UNTIL_CLOSE),
        ("GET", 200, [length(b"0")], 0),
        ("GET", 200, [length(b"7")], 7),
        ("GET", 200, [length(b"007")], 7),
        ("GET", 200, [length(b"7"), length(b"7")], 7),
        ("GET", 200, [CHUNKS], CHUNKED),
        ("GET", 200, [(b"transfer-encoding", b"CHUNKED")], CHUNKED),
        ("POST", 201, [length(b"7")], 7),
        ("CONNECT", 200, [length(b"7")], 7),
        ("GET", 599, [length(b"7")], 7),
        ("GET", 205, [], UNTIL_CLOSE),
        ("HEAD", 200, [], 0),
        ("HEAD", 200, [length(b"7")], 0),
        ("HEAD", 200, [CHUNKS], 0),
        ("HEAD", 404, [length(b"7")], 0),
        ("head", 200, [length(b"7")], 7),
        ("GET", 204, [], 0),
        ("GET", 204, [length(b"0")], 0),
        ("GET", 304, [], 0),
        ("GET", 304, [length(b"7")], 0),
        ("GET", 304, [CHUNKS], 0),
    ],
)
def test_length_of_the_body_follows_from_the_head(method, status, fields, framing):
    assert response_framing(method, status, read_response(fields)) == framing


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (0, []),
        (99, []),
        (101, []),
        (199, []),
        (600, [length(b"7")]),
        (999, []),
        (204, [length(b"7")]),
        (204, [CHUNKS]),
        (200, [length(b"7"), CHUNKS]),
        (304, [CHUNKS, length(b"0")]),
        (200, [length(b"7"), length(b"8")]),
        (200, [length(b"7"), length(b"07")]),
        (200, [length(b"7, 7")]),
        (200, [length(b"-7")]),
        (200, [length(b"+7")]),
        (200, [length(b"7.0")]),
        (200, [length(b"0x7")]),
        (200, [length(b"")]),
        (200, [length(b"\xb2")]),
        (200, [(b"Transfer-Encoding", b"gzip")]),
        (200, [(b"Transfer-Encoding", b"gzip, chunked")]),
        (200, [(b"Transfer-Encoding", b"chunked, gzip")]),
        (200, [(b"Transfer-Encoding", b"identity")]),
        (200, [(b"Transfer-Encoding", b"")]),
        (200, [(b"Transfer-Encoding", b"\x0bchunked")]),
        (200, [CHUNKS, CHUNKS]),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(method, status, fields):
    with pytest.raises(BadResponse) as caught:
        response_framing(method, status, read_response(fields))
    assert caught.value.code == "bad_response"


@given(
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.integers(0, 1000),
    st.lists(
        st.tuples(
            st.sampled_from([b"Content-Length", b"Transfer-Encoding", b"Connection"]),
            st.sampled_from([b"chunked", b"close", b"5"]) | st.binary(max_size=4),
        ),
        max_size=3,
    ),
)
def test_any_head_has_a_length_or_is_refused(method, status, fields):
    try:
        framing = response_framing(method, status, read_response(fields))
    except BadResponse:
        return
    assert framing >= UNTIL_CLOSE
    if method == "HEAD" or status in {204, 304}:
        assert framing == 0


@pytest.mark.parametrize(
    ("version", "framing", "connection", "answer"),
    [
        ("1.1", 5, [], True),
        ("1.1", 0, [], True),
        ("1.1", CHUNKED, [], True),
        ("1.1", UNTIL_CLOSE, [], False),
        ("1.1", UNTIL_CLOSE, [b"keep-alive"], False),
        ("1.1", 5, [b"close"], False),
        ("1.1", 5, [b"Close"], False),
        ("1.1", 5, [b"x-a, CLOSE ,b"], False),
        ("1.1", 5, [b"keep-alive", b"close"], False),
        ("1.1", 5, [b"closed"], True),
        ("1.0", 5, [], False),
        ("1.0", 5, [b"Keep-Alive"], True),
        ("1.0", 5, [b"keep-alive, close"], False),
        ("1.0", UNTIL_CLOSE, [b"keep-alive"], False),
    ],
)
def test_connection_outlives_a_response_only_if_both_sides_know_its_end(
    version, framing, connection, answer
):
    head = read_response([(b"Connection", value) for value in connection])
    assert is_persistent(version, framing, head) is answer


def test_an_endless_length_is_a_bad_response():
    with pytest.raises(BadResponse):
        response_framing("GET", 200, read_response([(b"Content-Length", b"9" * 5000)]))
