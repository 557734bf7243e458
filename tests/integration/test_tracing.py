"""Traces of a running sidecar, as a real collector would read them."""

import json
from contextlib import asynccontextmanager

import pytest
from opentelemetry.semconv import attributes as stable
from opentelemetry.semconv._incubating import attributes as incubating

from sidecar.config import Cache, Retry
from sidecar.config.secret import Secret
from sidecar.config.tracing import Tracing
from sidecar.demo.simulators import serve
from sidecar.tracing import attributes as named
from tests.support.builders import config, upstream
from tests.support.otlp import collecting
from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.simulated import gemini
from tests.support.steps import OK, body, close, reply
from tests.support.upstream import Upstream
from tests.support.websocket import WebSocketUpstream, echo, opened, switching
from tests.support.websocket_frames import TEXT

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONTEXT = (f"TraceParent: 00-{TRACE}-00f067aa0ba902b7-01", "tracestate: vendor=1,other=2")
QUICK = Retry(base=0.01, cap=0.02)
DOWN = reply(b"down", status=b"503 Down")


@asynccontextmanager
async def traced(*scripts, tracing=None, **settings):
    """A sidecar with a collector, and one upstream `api`."""
    with collecting() as collector:
        async with Upstream(*scripts) as origin:
            subject = config(
                upstreams={"api": upstream(origin.url, **{"retry": QUICK, **settings})},
                tracing=Tracing(endpoint=collector.url, **(tracing or {})),
            )
            async with running_sidecar(subject) as sidecar:
                yield sidecar, origin, collector


def sent(origin, name):
    """The values of a field, request by request."""
    return [value for request in origin.requests for value in request.values(name) or [None]]


def assert_carries(headers, lines):
    """These fields, in their order, their case kept."""
    pairs = [line.encode().split(b":", 1) for line in lines]
    wanted = [(name, value.strip()) for name, value in pairs]
    assert [field for field in headers if b"trace" in field[0].lower()] == wanted


async def test_without_tracing_the_context_crosses_byte_for_byte():
    broken = ("traceparent: JUNK", "TraceState:  a=b ", "traceparent: again")
    async with proxied(OK) as (sidecar, origin):
        await ask(sidecar.proxy, get("/api/x", *CONTEXT))
        await ask(sidecar.proxy, get("/api/x", *broken))
        await ask(sidecar.proxy, get("/api/x"))
        first, second, third = (each.headers for each in origin.requests)
    assert_carries(first, CONTEXT)
    assert_carries(second, broken)
    assert not any(b"trace" in name.lower() for name, _ in third)


async def test_each_attempt_is_a_span_whose_identifier_the_upstream_was_sent():
    async with traced(DOWN, OK) as (sidecar, origin, collector):
        await ask(sidecar.proxy, get("/api/x?key=C4naryS3cret", *CONTEXT))
        await soon(lambda: len(collector.spans) == 3)
    whole = next(each for each in collector.spans if each.kind == "server")
    attempts = [each for each in collector.spans if each.kind == "client"]
    assert {each.trace_id for each in collector.spans} == {TRACE}
    assert whole.parent == "00f067aa0ba902b7"
    assert {each.parent for each in attempts} == {whole.span_id}
    parents = sent(origin, b"traceparent")
    assert parents == [f"00-{TRACE}-{each.span_id}-01".encode() for each in attempts]
    assert sent(origin, b"tracestate") == [b"vendor=1,other=2"] * 2
    assert sent(origin, b"x-sidecar-trace") == [None, None]
    assert [each.attributes["http.response.status_code"] for each in attempts] == [503, 200]
    assert [each.attributes.get("http.request.resend_count") for each in attempts] == [None, 1]
    assert whole.attributes["http.response.status_code"] == 200
    assert whole.attributes["sidecar.wait.backoff"] > 0
    assert whole.resource["service.name"] == "outbound-sidecar"
    assert "C4nary" not in repr(collector.spans)


async def test_a_call_that_reaches_nobody_has_a_span_that_says_why():
    async with traced((body, close), tracing={"sample": 1.0}) as (sidecar, _, collector):
        await ask(sidecar.proxy, get("/api/x"))
        await soon(lambda: any(each.kind == "server" for each in collector.spans))
    whole = next(each for each in collector.spans if each.kind == "server")
    assert whole.failed
    assert whole.attributes["error.type"] == "upstream_reset"


async def test_an_answer_from_the_cache_is_an_exchange_without_an_attempt():
    async with traced(OK, cache=Cache(ttl=60.0)) as (sidecar, _, collector):
        await ask(sidecar.proxy, get("/api/x", *CONTEXT))
        await ask(sidecar.proxy, get("/api/x"))
        await soon(lambda: len(collector.spans) == 3)
    whole = [each for each in collector.spans if each.kind == "server"]
    assert sorted(each.attributes["sidecar.source"] for each in whole) == ["cache", "upstream"]
    attempt = next(each for each in collector.spans if each.kind == "client")
    filled = next(each for each in whole if each.attributes["sidecar.source"] == "upstream")
    assert (attempt.trace_id, attempt.parent) == (TRACE, filled.span_id)


async def test_a_websocket_is_an_exchange_as_long_as_it_is_open():
    with collecting() as collector:
        async with WebSocketUpstream(echo, switching).running(None) as origin:
            subject = config(
                upstreams={"api": upstream(origin.url)}, tracing=Tracing(endpoint=collector.url)
            )
            async with running_sidecar(subject) as sidecar:
                async with opened(sidecar.proxy) as client:
                    await client.send(TEXT, b"hello")
                    assert (await client.receive()).payload == b"hello"
                    await soon(lambda: len(collector.spans) == 1)
                await soon(lambda: len(collector.spans) == 2)
    attempt, whole = collector.spans
    assert (attempt.kind, attempt.attributes["http.response.status_code"]) == ("client", 101)
    assert (whole.kind, whole.attributes["http.response.status_code"]) == ("server", 101)
    assert attempt.parent == whole.span_id


async def test_the_collector_gets_the_configured_headers_and_attributes_and_nobody_else_does():
    told = {
        "headers": {"Authorization": Secret("Bearer C4nary")},
        "attributes": {"deployment.environment.name": "test", "service.name": "shop"},
    }
    async with traced(OK, tracing=told) as (sidecar, origin, collector):
        await ask(sidecar.proxy, get("/api/x"))
        await soon(lambda: len(collector.spans) == 2)
        metrics = sidecar.sidecar.metrics.render()[0].decode()
    assert collector.requests[0][1]["Authorization"] == "Bearer C4nary"
    assert collector.spans[0].resource["service.name"] == "shop"
    assert collector.spans[0].resource["deployment.environment.name"] == "test"
    assert b"C4nary" not in b"".join(bytes(each.head) for each in origin.requests)
    assert "sidecar_trace_spans_sent_total 2.0" in metrics


async def test_what_is_waiting_is_sent_when_the_sidecar_stops():
    async with traced(OK) as (sidecar, _, collector):
        await ask(sidecar.proxy, get("/api/x"))
    assert len(collector.spans) == 2


async def test_a_collector_that_is_not_there_costs_the_application_nothing():
    with collecting() as gone:
        url = gone.url
    async with Upstream(OK) as origin:
        subject = config(upstreams={"api": upstream(origin.url)}, tracing=Tracing(endpoint=url))
        async with running_sidecar(subject) as sidecar:
            for _ in range(20):
                assert (await ask(sidecar.proxy, get("/api/x"))).status == 200


NATIVE = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
CHAT = {"model": "gemini-2.5-flash", "messages": [{"role": "user", "content": "hello"}]}
BASE = "/gemini/v1beta"


@pytest.mark.parametrize(
    ("path", "asked", "operation"),
    [
        ("/models/gemini-2.5-flash:streamGenerateContent?alt=sse", NATIVE, "generate_content"),
        ("/models/gemini-2.5-flash:generateContent", NATIVE, "generate_content"),
        ("/openai/chat/completions", CHAT, "chat"),
        ("/openai/chat/completions", CHAT | {"stream": True}, "chat"),
    ],
)
async def test_the_tokens_of_a_gemini_call_are_in_its_span(path, asked, operation):
    target = f"{BASE}{path}{'&' if '?' in path else '?'}key=k"
    with collecting() as collector:
        async with serve(gemini()) as providers:
            subject = config(
                upstreams={"gemini": upstream(providers["gemini"].url, dialect="gemini")},
                tracing=Tracing(endpoint=collector.url),
            )
            async with running_sidecar(subject) as sidecar:
                kind = "Content-Type: application/json"
                content = json.dumps(asked).encode()
                answer = await ask(sidecar.proxy, call("POST", target, kind, content=content))
                assert answer.status == 200
                await soon(lambda: len(collector.spans) == 2)
    span = next(each for each in collector.spans if each.kind == "client")
    assert span.name == f"{operation} gemini-2.5-flash"
    assert span.attributes["gen_ai.provider.name"] == "gcp.gemini"
    assert span.attributes["gen_ai.request.model"] == "gemini-2.5-flash"
    assert span.attributes["gen_ai.usage.input_tokens"] > 0
    assert span.attributes["gen_ai.usage.output_tokens"] > 0
    assert "key=*" in span.attributes["url.full"]


def test_every_name_that_is_not_the_sidecars_own_is_one_of_opentelemetry():
    known = set()
    for package in (stable, incubating):
        for module in _modules(package):
            known |= {value for value in vars(module).values() if isinstance(value, str)}
    ours = {
        value
        for name, value in vars(named).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    }
    assert {name for name in ours if not name.startswith("sidecar.")} <= known
    assert "http.request.resend_count" in ours


def _modules(package):
    import importlib
    import pkgutil
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for each in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{each.name}")
