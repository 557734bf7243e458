import asyncio

import pytest

from sidecar.core.trace_context import read
from sidecar.entered import Entered
from sidecar.errors import ConnectError, TruncatedBody
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.trace import Parts, trace
from sidecar.layers.trace_attempt import Parts as AttemptParts
from sidecar.layers.trace_attempt import trace_attempt
from sidecar.tracing.attributes import Place
from sidecar.tracing.tracer import Tracer
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
GIVEN = (b"traceparent", f"00-{TRACE}-{SPAN}-01".encode())
STATE = (b"tracestate", b"vendor=1")
PLACE = Place.of("https://api.example.com/base/")


class Traced:
    """Both layers around `attempts`, and the spans that come out."""

    def __init__(self, *attempts, sample=1.0, propagate=True, template="/u/{id}"):
        self.clock = FakeClock(start=1000.0, wall=1_700_000_000.0)
        self.ended = []
        drawn = iter(range(1, 1000))
        tracer = Tracer(sample, self.ended.append, self.clock, lambda _: next(drawn))
        self.sent = []
        self.outcomes = iter(attempts or (response(),))
        self.handler = stack(
            trace(Parts(tracer, template, "generic")),
            self.repeat,
            trace_attempt(AttemptParts(tracer, PLACE, propagate)),
            on=self.attempt,
        )

    @property
    def spans(self):
        """Those of the attempts, then that of the exchange."""
        return sorted(self.ended, key=lambda each: each.kind != "client")

    def repeat(self, next_):
        """Goes on until it is no 503."""

        async def handle(subject):
            while (found := await next_(subject)).status == 503:
                found.close()
                subject.attempt += 1
            return found

        return handle

    async def attempt(self, subject):
        self.sent.append(subject.request.headers)
        self.clock.advance(0.25)
        subject.timeline.sent_at = self.clock.now()
        outcome = next(self.outcomes)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def call(self, *headers, method="GET", target="/u/5?key=secret", entered=True):
        subject = exchange(request(method, target, list(headers)))
        subject.entered = Entered("prefix", "localhost", tls=True) if entered else None
        answer = await self.handler(subject)
        self.clock.advance(0.5)
        answer.close()
        return answer

    def parent(self, number=0):
        return read(self.sent[number]).given


async def test_a_given_trace_goes_on_and_each_attempt_is_a_parent_of_its_own():
    traced = Traced(response(503), response(200))
    await traced.call(GIVEN, STATE)
    first, second, whole = traced.spans
    assert {each.context.trace_id for each in traced.spans} == {TRACE}
    assert (whole.parent, whole.kind, whole.name) == (SPAN, "server", "GET /u/{id}")
    assert first.parent == second.parent == whole.context.span_id
    assert [traced.parent(n).span_id for n in (0, 1)] == [
        first.context.span_id,
        second.context.span_id,
    ]
    assert all(STATE in sent for sent in traced.sent)
    assert (whole.began, whole.duration) == (1_700_000_000.0, 1.0)
    assert (first.duration, second.duration) == (0.25, 0.75)


async def test_what_the_spans_say_is_named_as_opentelemetry_does_and_redacted():
    traced = Traced(response(503), response(404))
    await traced.call()
    first, second, whole = traced.spans
    assert whole.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 404,
        "http.route": "/u/{id}",
        "url.scheme": "https",
        "url.path": "/u/5",
        "url.query": "key=*",
        "sidecar.exchange.id": "x1",
        "sidecar.upstream": "api",
        "sidecar.route": "default",
        "sidecar.source": "upstream",
        "sidecar.attempts": 2,
    }
    assert not whole.failed  # to a server, 4xx is an answer
    assert first.attributes == {
        "http.request.method": "GET",
        "http.response.status_code": 503,
        "error.type": "503",
        "url.full": "https://api.example.com/base/u/5?key=*",
        "server.address": "api.example.com",
        "server.port": 443,
        "network.protocol.version": "1.1",
        "sidecar.upstream": "api",
        "sidecar.route": "default",
    }
    assert second.attributes["http.request.resend_count"] == 1
    assert (first.failed, second.failed) == (True, True)
    assert (first.name, first.kind) == ("GET", "client")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"traceparent", b"junk"), STATE],
        [(b"traceparent", GIVEN[1].upper()), STATE],
        [(b"traceparent", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"), STATE],
    ],
)
async def test_without_a_valid_parent_a_trace_begins_here(headers):
    traced = Traced()
    await traced.call(*headers)
    attempt, whole = traced.spans
    assert whole.parent == ""
    assert traced.parent() == attempt.context
    assert traced.parent().trace_id == whole.context.trace_id != TRACE
    assert STATE not in traced.sent[0]


@pytest.mark.parametrize(("flags", "spans"), [(b"00", 0), (b"01", 2)])
async def test_the_flag_of_the_application_decides_what_is_recorded(flags, spans):
    traced = Traced(sample=0.0 if spans else 1.0)
    await traced.call((b"traceparent", GIVEN[1][:-2] + flags))
    assert len(traced.spans) == spans
    sent = traced.parent()
    assert (sent.trace_id, f"{sent.flags:02x}".encode()) == (TRACE, flags)
    assert sent.span_id != SPAN


async def test_what_is_not_sampled_here_says_so_to_the_upstream():
    traced = Traced(sample=0.0)
    await traced.call()
    assert traced.spans == []
    assert not traced.parent().sampled


async def test_an_upstream_that_is_not_told_gets_what_the_application_sent():
    traced = Traced(propagate=False)
    await traced.call(GIVEN, STATE)
    assert [field for field in traced.sent[0] if not field[0].startswith(b"X-Sidecar-")] == [
        GIVEN,
        STATE,
    ]
    assert len(traced.spans) == 2


async def test_a_client_cannot_name_the_trace_in_the_sidecars_own_field():
    traced = Traced()
    await traced.call((b"x-sidecar-trace", GIVEN[1]))
    assert TRACE not in {each.context.trace_id for each in traced.spans}


async def test_a_call_of_the_sidecars_own_is_a_part_of_what_caused_it():
    traced = Traced()
    await traced.call((b"X-Sidecar-Trace", GIVEN[1]), entered=False)
    _, whole = traced.spans
    assert (whole.context.trace_id, whole.parent, whole.kind) == (TRACE, SPAN, "internal")


async def test_an_error_is_named_by_its_code():
    traced = Traced(ConnectError("no", code="dns_error"))
    with pytest.raises(ConnectError):
        await traced.call()
    attempt, whole = traced.spans
    assert attempt.attributes["error.type"] == whole.attributes["error.type"] == "dns_error"
    assert "http.response.status_code" not in attempt.attributes
    assert whole.attributes["http.response.status_code"] == 503
    assert whole.attributes["sidecar.source"] == "sidecar"
    assert attempt.failed
    assert whole.failed


async def test_a_body_that_breaks_keeps_the_status_that_was_answered():
    traced = Traced()
    answer = await traced.handler(exchange(request(target="/u/5")))
    answer.close(TruncatedBody("no", code="truncated_body"))
    for span in traced.spans:
        assert span.attributes["error.type"] == "truncated_body"
        assert span.attributes["http.response.status_code"] == 200


async def test_a_fault_of_the_sidecar_is_the_error_that_it_is_answered_as():
    traced = Traced(RuntimeError("secret"))
    with pytest.raises(RuntimeError):
        await traced.call()
    assert traced.spans[-1].attributes["error.type"] == "internal_error"
    assert "secret" not in repr(traced.spans)


async def test_a_client_that_leaves_is_no_failure():
    traced = Traced(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await traced.call()
    assert [each.failed for each in traced.spans] == [False, False]
    assert all(each.attributes["sidecar.client_closed"] for each in traced.spans)


async def test_waits_and_what_the_dialect_made_of_it_are_told():
    judged = response(429)
    judged.judgement = Judgement("ignore", "refused", "gemini_429")
    traced = Traced(judged)
    subject = exchange(request(target="/u/5"))
    subject.timeline.paced, subject.timeline.pool_wait = 1.25, 0.5
    (await traced.handler(subject)).close()
    attempt, whole = traced.spans
    assert attempt.attributes["sidecar.judgement"] == "gemini_429"
    assert whole.attributes["sidecar.wait.paced"] == 1.25
    assert whole.attributes["sidecar.wait.pool"] == 0.5


async def test_a_method_of_nobodys_is_not_a_value_of_its_own():
    traced = Traced(template="")
    await traced.call(method="BREW")
    attempt, whole = traced.spans
    assert whole.name == attempt.name == "HTTP"
    assert whole.attributes["http.request.method"] == "_OTHER"
    assert whole.attributes["http.request.method_original"] == "BREW"
