import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.dialects import gemini
from sidecar.dialects.coding import Unfolding
from sidecar.dialects.stream_end import StreamEnd, marks

GENERATION = gemini.end_of("/v1/models/m:streamGenerateContent")
GZIP = [(b"Content-Encoding", b"gzip")]
WHOLE = (
    b'data: {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}\r\n\r\n'
    b'data: {"candidates": [{"finishReason": "STOP"}]}\r\n\r\n'
)


def missing(*pieces, wanted=GENERATION, headers=()):
    end = StreamEnd(list(headers), wanted)
    for piece in pieces:
        end.feed(piece)
    return end.missing()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'"finishReason": "STOP"', True),
        (b'"finishReason":"MAX_TOKENS"', True),
        (b'"finishReason" : 1', True),
        (b'"finishReason": null', False),
        (b'"finishReason": ""', False),
        (b'"finishReason": false', False),
        (b'"finishReasons": "STOP"', False),
        (b'"text": "finishReason"', False),
        (rb'"text": "\"finishReason\": \"STOP\""', False),
        (b'"finishReason": null, "finishReason": "STOP"', True),
    ],
)
def test_a_field_is_found_where_it_is_set_and_wherever_it_is_cut(text, found):
    frame = b"data: {%b}\n\n" % text
    for cut in range(len(frame)):
        assert (missing(frame[:cut], frame[cut:]) is None) is found, cut


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (b"data: [END]\n\n", True),
        (b"data:[END] \r\rdata: x\n\n", True),
        (b"id: 1\r\ndata: [END]\r\n\r\n", True),
        (b"\xef\xbb\xbfdata: [END]\n\n", True),
        (b"data: [END]", False),
        (b"id: [END]\n\n", False),
        (b"data: x[END]\n\n", False),
        (b"data: [END]x\n\n", False),
        (b"data: data: [END]\n\n", False),
        (b"data: [END]" + b" " * 200 + b"\n\n", False),
        (b"event: end\n\n", True),
        (b"event: ending\n\n", False),
    ],
)
def test_a_line_is_found_where_it_is_a_line_and_wherever_it_is_cut(stream, found):
    wanted = marks("data: [END]", "event: end")
    for cut in range(len(stream)):
        assert (missing(stream[:cut], stream[cut:], wanted=wanted) is None) is found, cut


@pytest.mark.parametrize(
    ("target", "any_"),
    [
        ("/v1beta/models/g:streamGenerateContent?alt=sse", True),
        ("/v1/tunedModels/g%3AstreamGenerateContent", True),
        ("/v1beta/models/g:generateContent", False),
        ("/v1beta/openai/chat/completions?x=:streamGenerateContent", False),
        ("/", False),
    ],
)
def test_only_a_generation_says_why_it_ended(target, any_):
    assert bool(gemini.end_of(target)) is any_


@pytest.mark.parametrize("headers", [(), GZIP])
@given(cut=st.integers(0, len(WHOLE)), chunks=st.lists(st.integers(1, 40), max_size=6))
def test_a_stream_that_is_cut_anywhere_is_seen_however_it_comes(headers, cut, chunks):
    data = gzip.compress(WHOLE[:cut]) if headers else WHOLE[:cut]
    pieces, at = [], 0
    for size in [*chunks, len(data)]:
        pieces.append(data[at : at + size])
        at += size
    found = missing(*pieces, headers=headers)
    assert (found is None) is (cut in {len(WHOLE), len(WHOLE) - 1})


def test_every_cut_of_a_coded_stream_is_seen_where_the_coding_itself_is_cut():
    data = gzip.compress(WHOLE, mtime=0)
    ends = [cut for cut in range(len(data)) if missing(data[:cut], headers=GZIP) is None]
    assert all(zlib.decompressobj(31).decompress(data[:cut]) == WHOLE for cut in ends)


def test_it_says_what_is_missing():
    assert missing(WHOLE[:-4]) == "in the middle of a frame"
    assert missing(WHOLE[:67]) == "without saying that it is complete"
    assert missing(WHOLE) is None


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data:[DONE]\n\n: bye"])
def test_nothing_is_missed_after_done(end):
    assert missing(WHOLE[:67] + end) is None
    assert missing(WHOLE[:67], *(end[at : at + 1] for at in range(len(end)))) is None


def test_a_failure_inside_a_stream_is_its_end():
    assert missing(b'data: {"error": {"code": 503}}\n\n') is None
    assert missing(b"event: error\ndata: x\n\n") is None
    assert missing(b'data: {"error": {"code": 503}}\n') == "in the middle of a frame"


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ([(b"Content-Encoding", b"br")], b"x"),
        ([(b"Content-Encoding", b"gzip, gzip")], b"x"),
        (GZIP, b"no gzip"),
        (GZIP, gzip.compress(WHOLE[:67], mtime=0) + b"surplus"),
    ],
)
def test_what_cannot_be_read_is_held_to_be_whole(headers, data):
    assert missing(data, headers=headers) is None


def test_a_body_of_several_gzip_members_is_one_text():
    data = gzip.compress(WHOLE[:67]) + gzip.compress(WHOLE[67:])
    for cut in range(len(data)):
        assert missing(data[:cut], data[cut:], headers=GZIP) is None
    assert missing(gzip.compress(WHOLE[:67]) + gzip.compress(b""), headers=GZIP)


def test_deflate_is_read_too():
    headers = [(b"Content-Encoding", b"deflate")]
    assert missing(zlib.compress(WHOLE), headers=headers) is None
    assert missing(zlib.compress(WHOLE[:67]), headers=headers)


def test_a_flushed_stream_is_read_as_it_comes():
    coder = zlib.compressobj(wbits=31)
    end = StreamEnd(GZIP, GENERATION)
    end.feed(coder.compress(WHOLE) + coder.flush(zlib.Z_SYNC_FLUSH))
    assert end.missing() is None


def test_a_bomb_is_given_up():
    unfolding = Unfolding(GZIP)
    bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
    pieces = list(unfolding.pieces(bomb))
    assert max(map(len, pieces)) <= 64 * 1024
    assert sum(map(len, pieces)) <= 4 * 1024 * 1024
    assert not unfolding.readable
    assert list(unfolding.pieces(b"more")) == []


def test_a_frame_of_any_size_is_watched_in_little_memory():
    end = StreamEnd([], GENERATION)
    end.feed(b'data: {"candidates": [{"content": {"inlineData": "')
    chunk = b"A" * 65_536
    tracemalloc.start()
    try:
        for _ in range(200):
            end.feed(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024
    assert end.missing() == "in the middle of a frame"
    end.feed(b'"}, "finishReason": "STOP"}]}\n\n')
    assert end.missing() is None


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=40), max_size=4), st.sampled_from([(), GZIP]))
def test_any_bytes_can_be_watched(pieces, headers):
    assert missing(*pieces, headers=headers) in {
        None,
        "in the middle of a frame",
        "without saying that it is complete",
    }
