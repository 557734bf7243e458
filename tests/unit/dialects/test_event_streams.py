from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.sse import Frame, Framing, frame_in, is_event_stream


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        (b"data: x\n\n", Frame(b"", b"x")),
        (b"data:x\r\n\r\n", Frame(b"", b"x")),
        (b"data: x\r\r", Frame(b"", b"x")),
        (b"\xef\xbb\xbfdata: x\n\n", Frame(b"", b"x")),
        (b"data: {\ndata: }\n\n", Frame(b"", b"{\n}")),
        (b"id: 1\nretry: 5\nevent: a\ndata: x\n\ndata: y\n\n", Frame(b"a", b"x")),
        (b":\n\n: ping\n\nid: 1\n\ndata:\n\ndata: x\n\n", Frame(b"", b"x")),
        (b"event: ping\n\ndata: x\n\n", Frame(b"", b"x")),
        (b'data: "\xe2\x80\xa8"\n\n', Frame(b"", b'"\xe2\x80\xa8"')),
        (b"", None),
        (b"\n\n\n", None),
        (b": ping\n\n", None),
        (b"data: x", None),
        (b"data: x\n", None),
        (b"event: ping\n\n", None),
    ],
)
def test_first_frame_with_data_is_found(data, frame):
    assert frame_in(data) == frame


ENDS = [
    (b"", True),
    (b"\xef\xbb\xbf", True),
    (b"\xef\xbb\xbf: ping\n", True),
    (b"\xef\xbb\xbf\n", True),
    (b"data: x\n\n", True),
    (b"data: x\r\n\r\n", True),
    (b"data: x\r\r", True),
    (b"data: x\n\r\n", True),
    (b"data: x\n\n: ping\n", True),
    (b": ping\n", True),
    (b"\xef\xbb\xbfdata: x\n", False),
    (b"data: x\n", False),
    (b"data: x", False),
    (b"data: x\r\n", False),
    (b"data: x\n\nda", False),
    (b"data: x\n\nevent: a\n", False),
    (b"data: x\n\n: pi", False),
    (b"data: x\n: ping\n", False),
    (b"data: x\n\n\xef\xbb\xbf: ping\n", False),
]


def is_whole(*pieces):
    framing = Framing()
    for piece in pieces:
        framing.feed(piece)
    return framing.whole


@pytest.mark.parametrize(("data", "whole"), ENDS)
def test_a_stream_that_ends_inside_a_frame_is_not_whole(data, whole):
    assert is_whole(data) is whole


@pytest.mark.parametrize(("data", "whole"), ENDS)
def test_it_does_not_matter_where_it_was_cut(data, whole):
    assert is_whole(*(data[at : at + 1] for at in range(len(data)))) is whole
    for cut in range(len(data) + 1):
        assert is_whole(data[:cut], b"", data[cut:]) is whole


@given(st.lists(st.from_regex(rb"\A[a-z{}\x22]{1,8}\Z"), min_size=1, max_size=4), st.data())
def test_any_cut_inside_a_frame_is_seen(values, data):
    whole = b"".join(b"data: %s\r\n\r\n" % value for value in values)
    ends = {0}
    for value in values:
        end = max(ends) + len(value) + 10
        ends |= {end - 1, end}  # a lone CR ends the line too
    cut = data.draw(st.integers(0, len(whole)))
    assert is_whole(whole[:cut]) is (cut in ends)


LINES = st.lists(st.sampled_from([b"data: x", b": c", b"", b"\xef\xbb\xbf", b"id"]), max_size=6)
BREAKS = st.sampled_from([b"\n", b"\r", b"\r\n"])


def whole_by_the_book(data):
    """The same of a stream that is there at once: what is left after the last blank line."""
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    if lines and not lines[-1].endswith((b"\n", b"\r")):
        return False
    left = []
    for line in lines:
        left = [] if not line.rstrip(b"\r\n") else [*left, line]
    return all(line.startswith(b":") for line in left)


@given(LINES, st.lists(BREAKS, min_size=6, max_size=6), st.lists(st.integers(0, 60), max_size=5))
def test_pieces_give_what_the_whole_gives(lines, breaks, cuts):
    data = b"".join(line + end for line, end in zip(lines, breaks, strict=False))
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    assert is_whole(*pieces) is whole_by_the_book(data)


@given(st.binary(max_size=60))
def test_any_bytes_can_be_asked(data):
    assert is_whole(data) in {True, False}
    frame = frame_in(data)
    assert frame is None or frame.data


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([(b"Content-Type", b"text/event-stream")], True),
        ([(b"a", b"b"), (b"content-type", b" Text/Event-Stream;charset=utf-8")], True),
        ([(b"Content-Type", b"application/json")], False),
        ([(b"X-Content-Type", b"text/event-stream")], False),
        ([], False),
    ],
)
def test_a_response_says_that_it_is_a_stream(headers, found):
    assert is_event_stream(headers) is found
