from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.errors import BadResponse
from sidecar.transport.wire import ResponseReader
from tests.support.wire import chunked

INTERIM = st.sampled_from(
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 2]
)
STATUS = st.sampled_from([b"200 OK", b"201 ", b"404 Not Found", b"503 \xff", b"304 Not Modified"])
FIELDS = st.lists(
    st.sampled_from(
        [
            b"X-A: 1",
            b"x-a:2",
            b"X-B: ",
            b"Connection: close",
            b"Keep-Alive: timeout=5",
            b"Connection: x-a",
            b"Set-Cookie: a=b; c",
        ]
    ),
    max_size=4,
)
CHUNKS = st.lists(st.binary(min_size=1, max_size=20), max_size=4)
CUTS = st.lists(st.integers(0, 400), max_size=8)


@st.composite
def responses(draw):
    """A valid response as bytes, and its body."""
    chunks, framing = draw(CHUNKS), draw(st.sampled_from(["length", "chunked", "close"]))
    status = draw(STATUS)
    body = b"" if status[:3] == b"304" else b"".join(chunks)
    lines = [b"HTTP/1.1 " + status, *draw(FIELDS)]
    coded = body
    if framing == "length":
        lines.append(b"Content-Length: %d" % len(body))
    elif framing == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        coded = chunked(*chunks) if body or status[:3] != b"304" else b""
    return draw(INTERIM) + b"\r\n".join(lines) + b"\r\n\r\n" + coded, body


def split(data, cuts):
    """`data` in pieces that begin at the `cuts`."""
    marks = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[start:end] for start, end in pairwise(marks)]


def read(parts, method="GET"):
    """What a reader makes of the parts: head, body, completeness, and the error's text."""
    reader, body, error = ResponseReader(method), b"", None
    for part in parts:
        try:
            reader.feed(part)
        except BadResponse as bad:
            error = bad.message
            break
        finally:
            body += reader.take() or b""
    if error is None:
        reader.feed_eof()
    head = reader.head
    fields = head and list(head)
    return fields, body, reader.complete, None if reader.complete else error


@given(responses(), CUTS)
def test_a_valid_response_is_read_alike_however_it_is_split(response, cuts):
    data, body = response
    whole = read([data])
    assert whole[1:] == (body, True, None)
    assert read(split(data, cuts)) == whole
    assert read(split(data, range(len(data)))) == whole


@given(responses(), CUTS)
def test_the_answer_to_head_is_read_alike_however_it_is_split(response, cuts):
    data = response[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert read(split(data, cuts), "HEAD") == read([data], "HEAD")


@given(responses(), st.integers(0, 300))
def test_a_response_that_was_cut_off_is_never_complete_and_never_wrong(response, cut):
    data, body = response
    whole, part = read([data]), read([data[:cut]])
    framed = b"Content-Length" in data or b"chunked" in data
    assert body.startswith(part[1])
    assert part[3] is None
    if part[0] is not None:
        assert part[0] == whole[0]
    if part[2] and framed:
        assert part[:2] == whole[:2]


@given(
    responses(),
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=3)), min_size=1, max_size=3),
    CUTS,
)
@example((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"), [(9, b"1")], [])
def test_a_damaged_response_is_read_alike_however_it_is_split(response, damage, cuts):
    data = bytearray(response[0])
    for place, patch in damage:
        data[place : place + 1] = patch
    whole, parts = read([bytes(data)]), read(split(bytes(data), cuts))
    if whole[0] is not None and whole[0][0] == 204:  # a body behind it is seen only beside it
        return
    assert parts == whole


@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 "]))
def test_any_bytes_are_a_response_or_a_bad_one_and_carry_no_line_break_on(data, start):
    head = read([start + data])[0]
    if head is not None:
        _, reason, headers, *_ = head
        for text in (reason, *(part for field in headers for part in field)):
            assert not set(text) & set(b"\r\n\0")
