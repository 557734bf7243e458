import asyncio
import gzip

import pytest

from sidecar.config import DescribedDialect
from sidecar.dialects import dialect_of
from sidecar.errors import TruncatedBody
from sidecar.exchange import stack
from sidecar.layers.streams import WatchedBody, streams
from tests.support.bodies import Chunks
from tests.support.builders import exchange, request, response

SSE = [(b"content-type", b"Text/Event-Stream; charset=utf-8")]
TARGET = "/v1beta/models/g-3:streamGenerateContent?alt=sse"
TEXT = b'data: {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}\r\n\r\n'
LAST = b'data: {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {}}\r\n\r\n'


async def passed(body, dialect="gemini", method="POST", target=TARGET, status=200, headers=SSE):
    answer = response(status, headers=list(headers))
    answer.body = body

    async def upstream(_exchange):
        return answer

    handler = stack(streams(dialect_of(dialect)), on=upstream)
    return await handler(exchange(request(method, target)))


async def read_all(answer):
    """What a reader gets, and whether it ends cleanly."""
    parts = []
    try:
        while part := await answer.body.read():
            parts.append(part)
    except TruncatedBody:
        return b"".join(parts), False
    return b"".join(parts), True


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        (TEXT + LAST, True),
        (TEXT, False),
        (TEXT + LAST[:-2], False),
        (b"", False),
        (b": ping\n\n", False),
        (b'data: {"promptFeedback": {"blockReason": "SAFETY"}}\n\n', True),
        (TEXT + b'data: {"error": {"code": 503}}\n\n', True),
        (TEXT + b"event: error\ndata: {}\n\n", True),
        (TEXT + b"data: [DONE]", True),
    ],
)
async def test_a_generation_that_does_not_say_why_it_ended_was_cut_off(data, clean):
    assert await read_all(await passed(Chunks(data) if data else Chunks())) == (data, clean)


@pytest.mark.parametrize("coding", [None, b"gzip"])
async def test_it_is_seen_wherever_the_chunks_are_cut(coding):
    for data, clean in ((TEXT + LAST, True), (TEXT + TEXT, False), (TEXT + LAST[:-3], False)):
        sent = gzip.compress(data) if coding else data
        headers = SSE + [(b"Content-Encoding", coding)] * bool(coding)
        for cut in range(1, len(sent)):
            answer = await passed(Chunks(sent[:cut], sent[cut:]), headers=headers)
            assert await read_all(answer) == (sent, clean), cut


async def test_the_end_is_an_error_again_each_time():
    answer = await passed(Chunks(TEXT))
    assert await answer.body.read() == TEXT
    for _ in range(2):
        with pytest.raises(TruncatedBody, match="without saying that it is complete") as caught:
            await answer.body.read()
        assert caught.value.code == "truncated_body"


async def test_what_came_before_the_early_end_can_be_written_before_it_is_seen():
    answer = await passed(Chunks(TEXT, at_hand=True))
    assert [answer.body.take(), answer.body.take(), answer.body.take()] == [TEXT, None, None]
    with pytest.raises(TruncatedBody):
        await answer.body.read()


async def test_a_whole_stream_that_is_at_hand_ends_without_waiting():
    answer = await passed(Chunks(TEXT + LAST, at_hand=True))
    assert [answer.body.take(), answer.body.take()] == [TEXT + LAST, b""]


async def test_each_chunk_is_passed_on_as_it_comes():
    answer = await passed(Chunks(b"dat", b"a: x", None))
    assert [await answer.body.read(), await answer.body.read()] == [b"dat", b"a: x"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await answer.body.read()


@pytest.mark.parametrize(
    ("dialect", "target", "data", "clean"),
    [
        ("plain", "/sse", b"data: x\n\n", True),
        ("plain", "/sse", b"data: x\n", False),
        ("plain", "/sse", b"data: x\n\ndata: [DONE]\n", True),
        ("plain", "/sse", b"", True),
        ("gemini", "/v1beta/openai/chat/completions", b"data: {}\n\n", True),
        ("gemini", "/v1/models/m%3AstreamGenerateContent", b"data: {}\n\n", False),
    ],
)
async def test_elsewhere_a_frame_that_is_cut_tells(dialect, target, data, clean):
    body = Chunks(data) if data else Chunks()
    assert await read_all(await passed(body, dialect, target=target)) == (data, clean)


@pytest.mark.parametrize(
    ("end", "data", "clean"),
    [
        ("data: [DONE]", b"data: 1\n\n", False),
        ("data: [DONE]", b"data: 1\n\ndata: [DONE]\n\n", True),
        ("event: message_stop", b"event: message_stop\ndata: {}\n\n", True),
        ("event: message_stop", b"event: message_stop_not\ndata: {}\n\n", False),
        ("event: message_stop", b"data: event: message_stop\n\n", False),
        ("finish_reason", b'data: {"finish_reason": null}\n\n', False),
        ("finish_reason", b'data: {"finish_reason": "stop"}\n\n', True),
    ],
)
async def test_a_described_dialect_says_what_an_end_looks_like(end, data, clean):
    dialect = DescribedDialect(stream_end=(end,))
    assert await read_all(await passed(Chunks(data), dialect)) == (data, clean)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "HEAD"},
        {"status": 500},
        {"headers": [(b"Content-Type", b"application/json")]},
        {"headers": []},
    ],
)
async def test_all_else_is_not_watched(change):
    answer = await passed(Chunks(), **change)
    assert not isinstance(answer.body, WatchedBody)


async def test_a_stream_of_declared_length_is_not_watched():
    body = Chunks(b"data: x")
    body.length = 7
    assert await read_all(await passed(body)) == (b"data: x", True)


@pytest.mark.parametrize("coding", [b"br", b"gzip, br"])
async def test_a_stream_that_cannot_be_read_is_held_to_be_whole(coding):
    answer = await passed(Chunks(b"x"), headers=[*SSE, (b"Content-Encoding", coding)])
    assert await read_all(answer) == (b"x", True)
    assert answer.body.length is None
