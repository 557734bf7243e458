import asyncio
import gzip

import pytest

from sidecar.dialects import dialect_of
from sidecar.errors import ConnectError, TruncatedBody, UpstreamReset
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.judge import judge
from tests.support.bodies import Chunks, whole
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

SSE = [(b"Content-Type", b"text/event-stream")]
OVERLOADED = b'data: {"error": {"code": 503, "status": "UNAVAILABLE"}}\n\n'
DONE = Judgement("success", "done", "ok")


class Words:
    """A dialect that notes what it is shown; a frame is whatever ends with a blank line."""

    def __init__(self, *, streams=False):
        self.seen = []
        self.streams = streams

    def judge(self, method, status, headers, body, wall):
        self.seen.append((method, status, body, wall))
        return Judgement("failure", "refused", "words")

    def first_frame(self, data):
        return Judgement("failure", "refused", "frame") if data.endswith(b"\n\n") else None


async def judged(answer, dialect, method="GET", see=None):
    async def upstream(_exchange):
        return answer

    handler = stack(judge(dialect, FakeClock(), see), on=upstream)
    assert await handler(exchange(request(method))) is answer
    return answer


async def test_an_error_is_judged_by_its_body_which_stays_whole():
    words = Words()
    answer = await judged(response(503, b"overloaded"), words, "POST")
    assert answer.judgement.reason == "words"
    assert words.seen == [("POST", 503, b"overloaded", 1_700_000_000.0)]
    assert answer.body.ended
    assert await whole(answer) == b"overloaded"


async def test_no_more_than_64_kib_of_it_are_read():
    words = Words()
    answer = response(500)
    answer.body = Chunks(b"a" * 40_000, b"b" * 40_000, b"c" * 40_000)
    await judged(answer, words)
    assert len(words.seen[0][2]) == 80_000
    assert not answer.body.ended
    assert len(await whole(answer)) == 120_000


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("GET", 304), ("HEAD", 503)])
async def test_no_other_body_is_read(method, status):
    words = Words()
    answer = response(status, b"body")
    body = answer.body
    await judged(answer, words, method)
    assert answer.body is body
    assert words.seen[0][:3] == (method, status, b"")


async def test_an_error_body_that_breaks_is_judged_by_what_came_and_breaks_again():
    words = Words()
    answer = response(400)
    answer.body = Chunks(b"half", TruncatedBody("early", code="truncated_body"))
    await judged(answer, words)
    assert words.seen[0][2] == b"half"
    assert await answer.body.read() == b"half"
    with pytest.raises(TruncatedBody):
        await answer.body.read()


async def test_an_error_body_that_stalls_is_judged_by_what_came(monkeypatch):
    monkeypatch.setattr("sidecar.layers.judge._PEEK_SECONDS", 0.01)
    words = Words()
    answer = response(400)
    answer.body = Chunks(b"half", None)
    await judged(answer, words)
    assert words.seen[0][2] == b"half"


async def test_a_client_that_leaves_meanwhile_closes_the_response():
    closed = []
    answer = response(500)
    answer.body = Chunks(None)
    answer.on_close(closed.append)
    call = asyncio.ensure_future(judged(answer, Words()))
    for _ in range(5):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert [type(error) for error in closed] == [asyncio.CancelledError]


@pytest.mark.parametrize("error", [ConnectError("no", code="connect_error"), UpstreamReset])
async def test_an_error_passes(error):
    async def upstream(_exchange):
        raise error if isinstance(error, Exception) else error("no", code="upstream_reset")

    with pytest.raises((ConnectError, UpstreamReset)):
        await stack(judge(Words(), FakeClock()), on=upstream)(exchange())


async def test_headers_are_shown_to_whoever_counts_usage():
    seen = []
    headers = [(b"X-App-Usage", b"{}")]
    await judged(response(200, headers=headers), Words(), see=seen.append)
    assert seen == [headers]


async def test_a_stream_is_passed_on_after_its_first_frame_and_no_later():
    answer = response(headers=SSE)
    answer.body = Chunks(b"data: ", b"x\n\n", None)
    await judged(answer, Words(streams=True))
    assert answer.judgement.reason == "frame"
    assert await answer.body.read() == b"data: x\n\n"


async def test_a_stream_that_ends_before_its_first_frame_is_passed_on():
    answer = response(headers=SSE)
    answer.body = Chunks(b"data: ")
    await judged(answer, Words(streams=True))
    assert answer.judgement == DONE
    assert await whole(answer) == b"data: "


async def test_a_stream_that_breaks_before_its_first_frame_is_an_error():
    closed = []
    answer = response(headers=SSE)
    answer.body = Chunks(b"data: ", TruncatedBody("early", code="truncated_body"))
    answer.on_close(closed.append)
    with pytest.raises(TruncatedBody):
        await judged(answer, Words(streams=True))
    assert [error.code for error in closed] == ["truncated_body"]


@pytest.mark.parametrize("coding", [None, b"gzip"])
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_an_error_inside_a_200_of_gemini_is_what_it_would_be_as_a_status(coding, size):
    data = gzip.compress(OVERLOADED) if coding else OVERLOADED
    answer = response(headers=SSE + [(b"Content-Encoding", coding)] * bool(coding))
    answer.body = Chunks(*(data[at : at + size] for at in range(0, len(data), size)))
    await judged(answer, dialect_of("gemini"), "POST")
    assert (answer.judgement.kind, answer.judgement.reason) == ("refused", "gemini_503")
    assert await whole(answer) == data


async def test_a_stream_of_a_dialect_that_reads_none_is_not_touched():
    answer = response(headers=SSE)
    answer.body = body = Chunks(None)
    await judged(answer, dialect_of("plain"))
    assert answer.body is body
    assert answer.judgement == DONE
