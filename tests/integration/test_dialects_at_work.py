"""What the dialects know, as the application sees it: half streams, pages, errors in a 200."""

import asyncio
import gzip
import json

import pytest

from sidecar.config import DescribedDialect, Retry
from tests.support.dialects import page
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.steps import body, close, message, reply, send, wait
from tests.support.wire import chunked

GENERATE = "/api/v1beta/models/g:streamGenerateContent?alt=sse"
TEXT = b'data: {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}\r\n\r\n'
LAST = b'data: {"candidates": [{"finishReason": "STOP"}]}\r\n\r\n'
OVERLOADED = b'data: {"error": {"code": 503, "status": "UNAVAILABLE"}}\n\n'
GENERATION = call("POST", GENERATE, content=b"{}")
SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = SSE + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = SSE + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"

CUT = {
    "chunked": (send(CHUNKED + chunked(TEXT)),),
    "until close": (send(SSE + b"Connection: close\r\n\r\n" + TEXT), close),
    "inside a frame": (send(CHUNKED + chunked(TEXT, LAST[:-3])),),
    "later": (send(CHUNKED + chunked(TEXT, end=False)), wait(0.05), send(b"0\r\n\r\n")),
    "gzip": (send(GZIPPED + chunked(gzip.compress(TEXT))),),
}


@pytest.mark.parametrize("script", CUT.values(), ids=CUT)
async def test_a_stream_that_ends_too_early_is_broken_off_after_all_that_came(script):
    async with proxied((body, *script), dialect="gemini") as (sidecar, origin):
        answer = await ask(sidecar.proxy, GENERATION)
        assert (answer.status, answer.end) == (200, "short")
        came = answer.body
        assert TEXT in (gzip.decompress(came) if came.startswith(b"\x1f") else came)
        assert len(origin.requests) == 1


async def test_a_client_of_http_1_0_sees_a_reset():
    script = (body, *CUT["later"])
    async with (
        proxied(script, dialect="gemini") as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(f"GET {GENERATE} HTTP/1.0\r\nHost: a.test\r\n\r\n".encode())
        assert (await client.response()).end == "reset"


async def test_a_whole_stream_ends_cleanly_and_keeps_the_connection():
    script = (body, send(CHUNKED + chunked(TEXT, LAST)))
    async with proxied(script, script, dialect="gemini") as (sidecar, origin):
        for _ in range(2):
            answer = await ask(sidecar.proxy, GENERATION)
            assert (answer.body, answer.end) == (TEXT + LAST, "framed")
        assert len(origin.connections) == 1


async def test_it_can_be_switched_off():
    script = (body, send(CHUNKED + chunked(TEXT)))
    async with proxied(script, dialect="gemini", strict_streams=False) as (sidecar, _):
        answer = await ask(sidecar.proxy, GENERATION)
        assert (answer.body, answer.end) == (TEXT, "framed")


async def test_each_frame_of_a_watched_stream_is_passed_on_at_once():
    script = (body, send(CHUNKED + chunked(TEXT, end=False)), wait(5.0))
    async with (
        proxied(script, dialect="gemini") as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(GENERATION)
        await asyncio.wait_for(client.head(), 1.0)
        assert await asyncio.wait_for(client.chunk(), 0.5) == TEXT


@pytest.mark.parametrize(
    ("dialect", "frame"),
    [
        ("gemini", OVERLOADED),
        (
            DescribedDialect(code="code", refused=("busy",), streams=True),
            b'data: {"code": "busy"}\n\n',
        ),
    ],
    ids=["gemini", "described"],
)
async def test_a_refusal_inside_a_200_is_repeated_before_anything_is_passed_on(dialect, frame):
    failed = (body, send(CHUNKED + chunked(frame)))
    whole = (body, send(CHUNKED + chunked(TEXT, LAST)))
    settings = {"dialect": dialect, "retry": Retry(base=0.001)}
    async with proxied(failed, whole, **settings) as (sidecar, origin):
        answer = await ask(sidecar.proxy, GENERATION)
        assert (answer.status, answer.body) == (200, TEXT + LAST)
        assert len(origin.requests) == 2


async def test_a_page_of_cloudflare_is_an_error_that_the_client_can_read():
    html = reply(
        gzip.compress(page(522)),
        b"Content-Type: text/html; charset=UTF-8",
        b"Content-Encoding: gzip",
        b"CF-RAY: 8f1e2d3c4b5a6978-CDG",
        status=b"522 <none>",
    )
    async with proxied(html, reply(b"next"), errors="postgrest") as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.reason, answer.error) == (522, b"<none>", None)
        assert answer.value("content-type") == "application/json"
        assert answer.value("x-sidecar-original-content-type") == "text/html; charset=UTF-8"
        assert answer.values("content-encoding") == []
        fields = json.loads(answer.body)
        assert fields["code"] == "SIDECAR_CLOUDFLARE_522"
        assert fields["original"] == page(522).decode()
        assert (await ask(sidecar.proxy, get())).body == b"next"
        assert len(origin.connections) == 1


async def test_a_page_stays_where_that_is_switched_off():
    html = message(page(522), b"Content-Type: text/html", status=b"522 <none>")
    async with proxied((body, send(html)), readable_errors=False) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.body) == (522, page(522))
