import asyncio
import gzip
import json
from typing import get_args

import pytest

from sidecar.config import ErrorShape
from sidecar.dialects import dialect_of
from sidecar.exchange import stack
from sidecar.layers.judge import judge
from sidecar.layers.readable import readable
from tests.support.bodies import Chunks, whole
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.dialects import CLOUDFLARE, page

HTML = (b"Content-Type", b"text/html; charset=UTF-8")
HEADERS = [HTML, *CLOUDFLARE, (b"ETag", b'"x"'), (b"Content-MD5", b"x"), (b"Set-Cookie", b"a=b")]
TEXT = "Cloudflare 522: the connection to the server behind it timed out (ray 8f1e2d3c4b5a6978-CDG)"


async def passed(answer, shape="generic", method="GET"):
    async def upstream(_exchange):
        return answer

    handler = stack(readable(shape), judge(dialect_of("plain"), FakeClock()), on=upstream)
    return await handler(exchange(request(method)))


def cloudflare(status=522, body=None, headers=HEADERS):
    return response(status, page(status) if body is None else body, list(headers))


@pytest.mark.parametrize("shape", get_args(ErrorShape))
async def test_a_page_becomes_an_error_in_the_shape_of_the_route(shape):
    answer = await passed(cloudflare(), shape)
    body = await whole(answer)
    fields = json.loads(body)
    assert (answer.status, answer.reason, answer.source) == (522, b"OK", "upstream")
    assert answer.headers == [
        *CLOUDFLARE,
        (b"Set-Cookie", b"a=b"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"X-Sidecar-Original-Content-Type", b"text/html; charset=UTF-8"),
    ]
    assert answer.body.length == len(body)
    assert fields["original"] == page(522).decode()
    error = fields["error"] if shape in {"graph", "gemini", "generic"} else fields
    assert error["message"] == TEXT
    assert error["code"] == ("SIDECAR_CLOUDFLARE_522" if error is fields else 522)
    assert error.get("status", "UNAVAILABLE") == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("status", "hint", "transient"),
    [(521, "safely be made again", True), (522, "may have acted", False)],
)
async def test_it_says_whether_the_call_may_have_been_done(status, hint, transient):
    answer = await passed(cloudflare(status), "graph")
    error = json.loads(await whole(answer))["error"]
    assert hint in error["error_data"]["details"]
    assert error["is_transient"] is transient


async def test_a_compressed_page_is_attached_as_text():
    headers = [*HEADERS, (b"Content-Encoding", b"gzip")]
    answer = await passed(cloudflare(body=gzip.compress(page(522)), headers=headers))
    assert b"Content-Encoding" not in dict(answer.headers)
    assert json.loads(await whole(answer))["original"] == page(522).decode()


async def test_no_more_than_8_kib_of_a_page_are_attached():
    answer = await passed(cloudflare(body=page(522) + b"\xff" * 200_000))
    original = json.loads(await whole(answer))["original"]
    assert original.startswith("<!DOCTYPE html>")
    assert len(original) == 8192


async def test_the_response_that_has_to_be_closed_stays_the_same():
    closed = []
    answer = cloudflare()
    answer.on_close(closed.append)
    assert await passed(answer) is answer
    assert closed == []
    answer.close()
    assert closed == [None]


@pytest.mark.parametrize(
    "answer",
    [
        cloudflare(headers=[(b"Content-Type", b"application/json"), *CLOUDFLARE]),
        cloudflare(headers=CLOUDFLARE),
        cloudflare(404),
        cloudflare(200),
        cloudflare(599),
        cloudflare(body=b"<html>a page of the upstream's own</html>"),
        cloudflare(body=b""),
    ],
    ids=lambda answer: f"{answer.status} {answer.headers[0][1].decode()}",
)
async def test_nothing_else_is_touched(answer):
    headers, body = list(answer.headers), answer.body.data
    assert await passed(answer) is answer
    assert answer.headers == headers
    assert await whole(answer) == body


async def test_the_answer_to_a_head_is_not_touched():
    answer = cloudflare(body=b"")
    headers = list(answer.headers)
    await passed(answer, method="HEAD")
    assert answer.headers == headers


async def test_a_page_whose_end_does_not_come_is_recognised_by_its_beginning(monkeypatch):
    monkeypatch.setattr("sidecar.layers.judge._PEEK_SECONDS", 0.01)
    monkeypatch.setattr("sidecar.layers.readable._PEEK_SECONDS", 0.01)
    answer = cloudflare()
    answer.body = Chunks(page(522), None)
    assert json.loads(await whole(await passed(answer)))["original"] == page(522).decode()


async def test_a_client_that_leaves_meanwhile_closes_the_response():
    closed = []
    answer = cloudflare()
    answer.body = Chunks(None)
    answer.on_close(closed.append)

    async def upstream(_exchange):
        return answer

    call = asyncio.ensure_future(stack(readable("generic"), on=upstream)(exchange()))
    for _ in range(5):
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(closed) == 1
