import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.sse import Frame, frame_in, sse_complete


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


@pytest.mark.parametrize(
    ("tail", "complete"),
    [
        (b"", True),
        (b"data: x\n\n", True),
        (b"data: x\r\n\r\n", True),
        (b"data: x\r\r", True),
        (b"data: x\n\n: ping\n", True),
        (b"data: [DONE]\n\n", True),
        (b"data: [DONE]\n", True),
        (b"data: x\n\ndata:[DONE]", True),
        (b": ping\n", True),
        (b"data: x\n", False),
        (b"data: x", False),
        (b"data: x\r\n", False),
        (b"data: x\n\nda", False),
        (b"data: x\n\nevent: a\n", False),
        (b"data: x\n\n: pi", False),
        (b"data: x\n: ping\n", False),
    ],
)
def test_stream_that_ends_inside_a_frame_is_not_complete(tail, complete):
    assert sse_complete(tail) is complete


@given(st.lists(st.from_regex(rb"\A[a-z{}\x22]{1,8}\Z"), min_size=1, max_size=4), st.data())
def test_any_cut_inside_a_frame_is_seen(values, data):
    whole = b"".join(b"data: %s\r\n\r\n" % value for value in values)
    ends = {0}
    for value in values:
        end = max(ends) + len(value) + 10
        ends |= {end - 1, end}  # a lone CR ends the line too
    cut = data.draw(st.integers(0, len(whole)))
    assert sse_complete(whole[:cut]) is (cut in ends)


@given(st.binary(max_size=60))
def test_any_bytes_can_be_asked(data):
    assert sse_complete(data) in {True, False}
    frame = frame_in(data)
    assert frame is None or frame.data
