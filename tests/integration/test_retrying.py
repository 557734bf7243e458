"""What the application sees, and how often the upstream is asked, when attempts fail."""

import json
import time

import pytest

from sidecar.config import Retry, RetryBudget
from tests.support.builders import config, upstream
from tests.support.ports import free_port
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, body, close, message, reply, reset, send, stall

QUICK = Retry(base=0.01, cap=0.02)
REFUSED = reply(b"later", b"Retry-After: 1", status=b"503 Busy")
DOWN = reply(b"down", status=b"503 Down")
FAULTY = reply(b"fault", status=b"500 Oops")
DIES = (body, close)
HALF = (body, send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), close)
POST = call("POST", "/api/x", content=b"message")


@pytest.mark.parametrize(
    ("first", "request_", "status", "asked"),
    [
        (DIES, get(), 200, 2),
        ((body, reset), get(), 200, 2),
        (FAULTY, get(), 200, 2),
        (DOWN, get(), 200, 2),
        (REFUSED, get(), 200, 2),
        (reply(b"limit", b"Retry-After: 1", status=b"429 Many"), get(), 200, 2),
        (reply(b"no", status=b"404 None"), get(), 404, 1),
        (reply(b"no", status=b"401 Who"), get(), 401, 1),
        ((body, send(b"nonsense"), close), get(), 200, 2),
        (DIES, POST, 502, 1),
        ((body, reset), POST, 502, 1),
        (FAULTY, POST, 500, 1),
        (DOWN, POST, 503, 1),
        (REFUSED, POST, 200, 2),
        (DIES, call("PUT", "/api/x", content=b"x"), 502, 1),
        (DIES, call("DELETE", "/api/x"), 502, 1),
    ],
)
async def test_a_failed_attempt_is_repeated_only_where_it_does_no_harm(
    first, request_, status, asked
):
    async with proxied(first, OK, retry=QUICK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, request_)
        assert (answer.status, len(origin.requests)) == (status, asked)
        if asked == 2:
            assert answer.body == b"ok"
            assert origin.requests[0].body == origin.requests[1].body
            assert origin.requests[0].head == origin.requests[1].head


async def test_the_last_answer_of_the_upstream_goes_back_as_it_is():
    answers = [reply(b"fault %d" % number, b"X-N: 1", status=b"500 Oops") for number in (1, 2, 3)]
    async with proxied(*answers, OK, retry=QUICK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.body, len(origin.requests)) == (500, b"fault 3", 3)
        assert answer.values("x-n") == [b"1"]
        assert answer.error is None


async def test_a_post_that_no_connection_carried_is_sent_when_one_does():
    port = free_port()
    async with running_sidecar(
        config(upstreams={"api": upstream(f"http://127.0.0.1:{port}", retry=QUICK)})
    ) as sidecar:
        answer = await ask(sidecar.proxy, POST)
        assert (answer.status, answer.error) == (503, "connect_error")
        async with connected(sidecar.bound["ops"]) as client:
            await client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            metrics = (await client.response()).body.decode()
    assert (
        'sidecar_retries_total{reason="connect_error",route="default",upstream="api"} 2' in metrics
    )
    assert (
        'sidecar_retry_skipped_total{reason="attempts",route="default",upstream="api"} 1' in metrics
    )


async def test_a_wait_that_the_upstream_asks_for_is_kept():
    async with proxied(REFUSED, OK, retry=QUICK) as (sidecar, _):
        start = time.monotonic()
        assert (await ask(sidecar.proxy, POST)).status == 200
        assert time.monotonic() - start >= 1.0


async def test_a_wait_that_does_not_fit_the_deadline_is_passed_on_at_once():
    long = reply(b"later", b"Retry-After: 30", status=b"429 Many")
    async with proxied(long, OK, retry=QUICK, timeouts={"total": 5.0}) as (sidecar, origin):
        start = time.monotonic()
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.values("retry-after")) == (429, [b"30"])
        assert time.monotonic() - start < 1.0
        assert len(origin.requests) == 1


async def test_all_attempts_share_the_deadline():
    timeouts = {"first_byte": 0.3, "total": 0.5}
    async with proxied((body, stall), retry=QUICK, timeouts=timeouts) as (sidecar, origin):
        start = time.monotonic()
        answer = await ask(sidecar.proxy, get())
        assert answer.status == 504
        assert answer.error in {"total_timeout", "first_byte_timeout"}
        assert time.monotonic() - start < 0.5 + 0.3
        assert len(origin.requests) == 2


async def test_an_empty_budget_lets_no_attempt_follow():
    retry = Retry(base=0.01, cap=0.02, budget=RetryBudget(ratio=0.0, burst=1, reserve=0))
    async with proxied(DOWN, retry=retry) as (sidecar, origin):
        for _ in range(3):
            assert (await ask(sidecar.proxy, get())).status == 503
        assert len(origin.requests) == 4


@pytest.mark.parametrize("said", ["X-Retry-Count: 1", "x-stainless-retry-count: 2"])
async def test_a_client_that_repeats_by_itself_gets_one_attempt(said):
    async with proxied(DOWN, OK, retry=QUICK) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get("/api/x", said))).status == 503
        assert len(origin.requests) == 1


async def test_the_first_call_of_a_client_that_counts_its_repetitions_is_repeated():
    async with proxied(DOWN, OK, retry=QUICK) as (sidecar, origin):
        assert (await ask(sidecar.proxy, get("/api/x", "x-stainless-retry-count: 0"))).status == 200
        assert len(origin.requests) == 2


@pytest.mark.parametrize(("size", "asked"), [(300_000, 2), (3_000_000, 1)])
async def test_a_long_body_is_sent_again_only_where_it_was_kept(size, asked):
    upload = call("POST", "/api/x", content=b"z" * size)
    async with proxied(REFUSED, OK, retry=QUICK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, upload)
        assert len(origin.requests) == asked
        assert answer.status == (200 if asked == 2 else 503)
        assert {request.size for request in origin.requests} == {size}


async def test_a_body_that_breaks_after_its_head_went_out_is_not_repeated():
    flowing = (body, send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"))
    async with (
        proxied((*flowing, stall), retry=QUICK, timeouts={"idle": 0.2}) as (sidecar, origin),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        assert (await client.head()).startswith(b"HTTP/1.1 200")
        assert not (await client.rest()).endswith(b"0\r\n\r\n")
        assert len(origin.requests) == 1


@pytest.mark.parametrize(
    ("code", "asked"), [(130429, 2), (131056, 2), (131000, 1), (190, 1), (131047, 1)]
)
async def test_a_message_is_sent_again_only_when_the_provider_says_that_it_was_not_sent(
    code, asked
):
    error = json.dumps({"error": {"message": "m", "type": "OAuthException", "code": code}})
    refusal = reply(error.encode(), b"Content-Type: application/json", status=b"400 Bad Request")
    send_message = call("POST", "/api/v26.0/123/messages", content=b'{"to": "1"}')
    settings = {"dialect": "graph", "timeouts": {"total": 9.0}}
    async with proxied(refusal, OK, retry=QUICK, **settings) as (sidecar, origin):
        answer = await ask(sidecar.proxy, send_message)
        assert len(origin.requests) == asked
        assert answer.body == (b"ok" if asked == 2 else error.encode())


def gemini_refusal(delay, status=b"429 Too Many Requests"):
    error = {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "m",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}],
    }
    return (body, send(message(json.dumps({"error": error}).encode(), status=status)))


@pytest.mark.parametrize(("delay", "asked"), [("0.2s", 2), ("46s", 1), ("35640s", 1)])
async def test_a_delay_that_gemini_asks_for_is_kept_when_it_fits(delay, asked):
    settings = {"dialect": "gemini", "timeouts": {"total": 9.0}}
    async with proxied(gemini_refusal(delay), OK, retry=QUICK, **settings) as (sidecar, origin):
        start = time.monotonic()
        await ask(sidecar.proxy, call("POST", "/api/v1/models/m:generateContent", content=b"{}"))
        assert len(origin.requests) == asked
        assert time.monotonic() - start >= (0.2 if asked == 2 else 0.0)


def stream(*frames):
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = [b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames]
    return (body, send(head), *(send(chunk) for chunk in (*chunks, b"0\r\n\r\n")))


async def test_a_stream_that_begins_with_an_error_is_begun_again():
    overloaded = b'data: {"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}\r\n\r\n'
    tokens = [b'data: {"candidates": []}\r\n\r\n', b'data: {"usageMetadata": {}}\r\n\r\n']
    scripts = (stream(b": wait\r\n\r\n", overloaded), stream(*tokens))
    generate = call("POST", "/api/v1/models/m:streamGenerateContent?alt=sse", content=b"{}")
    async with proxied(*scripts, retry=QUICK, dialect="gemini") as (sidecar, origin):
        answer = await ask(sidecar.proxy, generate)
        assert (answer.status, answer.body) == (200, b"".join(tokens))
        assert len(origin.requests) == 2
