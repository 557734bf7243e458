import asyncio

import pytest

from sidecar.core.answers import status_of
from sidecar.errors import ClientClosed, ConnectError, ExchangeError, TruncatedBody
from sidecar.exchange import Exchange, Timeline, stack
from sidecar.layers.observe import observe
from sidecar.telemetry.inflight import Inflight
from tests.support.builders import exchange as make_exchange
from tests.support.builders import request, response
from tests.support.clock import FakeClock
from tests.support.errors import ERRORS

BROKEN = TruncatedBody("x", code="truncated_body")
LEFT = ClientClosed("gone", code="client_closed")


class Observed:
    """An observed chain around `following`, and what came out of it."""

    def __init__(self, following, shape="generic"):
        self.clock = FakeClock(start=1000.0, wall=1_700_000_000.0)
        self.inflight = Inflight()
        self.records = []
        self.other = []
        sinks = (self.records.append, self.other.append)
        self.handler = stack(observe(shape, self.inflight, sinks, self.clock), on=following)
        timeline = Timeline(1000.0)
        self.exchange = Exchange(
            "x1", "api", "users", request("POST", "/u?key=1"), float("inf"), timeline
        )

    async def call(self):
        return await self.handler(self.exchange)

    @property
    def record(self):
        assert self.inflight.count == 0
        (record,) = self.records
        assert self.other == [record]
        return record


def answering(status=200, source="upstream"):
    async def following(_exchange):
        answer = response(status)
        answer.source = source
        return answer

    return following


def raising(error):
    async def following(_exchange):
        raise error

    return following


@pytest.mark.parametrize("status", [200, 204, 404, 429, 500, 503])
async def test_an_answer_is_reported_when_it_is_closed_with_the_upstreams_status(status):
    observed = Observed(answering(status))
    answer = await observed.call()
    assert (observed.inflight.count, observed.records) == (1, [])
    answer.close()
    answer.close()
    record = observed.record
    assert (record.status, record.error, record.source) == (status, None, "upstream")
    assert not record.client_closed


async def test_a_record_says_who_asked_for_what_and_how_long_it_took():
    observed = Observed(answering())
    timeline = observed.exchange.timeline
    observed.exchange.attempt = 2
    answer = await observed.call()
    timeline.pool_wait, timeline.dial, timeline.reused = 0.25, 0.5, True
    timeline.sent_at, timeline.first_byte_at, timeline.at_upstream = 1001.0, 1003.0, 2.0
    timeline.bytes_up, timeline.bytes_down = 11, 22
    timeline.backoff, timeline.held, timeline.paced, timeline.queued = 0.01, 0.02, 0.03, 0.04
    observed.clock.advance(8.0)
    answer.close()
    record = observed.record
    assert (record.id, record.upstream, record.route) == ("x1", "api", "users")
    assert (record.method, record.target, record.attempts) == ("POST", "/u?key=1", 2)
    assert (record.started_wall, record.duration) == (1_700_000_000.0, 8.0)
    assert (record.pool_wait, record.dial, record.reused) == (0.25, 0.5, True)
    assert (record.first_byte, record.at_upstream) == (3.0, 2.5)
    assert (record.bytes_up, record.bytes_down) == (11, 22)
    assert (record.backoff, record.held, record.paced, record.queued) == (0.01, 0.02, 0.03, 0.04)
    assert record.overhead == pytest.approx(0.15)


@pytest.mark.parametrize("source", ["upstream", "cache", "sidecar"])
async def test_a_record_says_who_made_the_answer(source):
    observed = Observed(answering(source=source))
    (await observed.call()).close()
    assert observed.record.source == source


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
async def test_an_error_is_reported_with_its_code_and_raised_unchanged(error):
    observed = Observed(raising(error))
    with pytest.raises(type(error)) as caught:
        await observed.call()
    assert caught.value is error
    record = observed.record
    assert (record.error, record.source) == (error.code, "sidecar")
    assert (record.first_byte, record.at_upstream) == (0.0, 0.0)
    assert not record.client_closed


@pytest.mark.parametrize(("shape", "status"), [("generic", 503), ("postgrest", 502)])
async def test_the_status_of_an_error_is_the_one_that_the_application_is_answered(shape, status):
    observed = Observed(raising(ConnectError("x", code="dns_error")), shape)
    with pytest.raises(ConnectError):
        await observed.call()
    assert observed.record.status == status


async def test_a_client_that_left_before_the_answer_is_reported_as_499():
    started = asyncio.Event()

    async def following(_exchange):
        started.set()
        await asyncio.Event().wait()

    observed = Observed(following)
    task = asyncio.ensure_future(observed.call())
    await started.wait()
    assert observed.inflight.count == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    record = observed.record
    assert (record.status, record.error, record.client_closed) == (499, None, True)


async def test_a_body_that_broke_keeps_its_status_and_has_the_code():
    observed = Observed(answering())
    (await observed.call()).close(BROKEN)
    record = observed.record
    assert (record.status, record.error, record.source) == (200, "truncated_body", "upstream")
    assert not record.client_closed


@pytest.mark.parametrize(
    ("error", "code"), [(LEFT, "client_closed"), (asyncio.CancelledError(), None)]
)
async def test_a_client_that_left_during_the_body_is_told_apart(error, code):
    observed = Observed(answering())
    (await observed.call()).close(error)
    record = observed.record
    assert (record.status, record.error, record.client_closed) == (200, code, True)


async def test_an_abandoned_call_counts_until_it_is_over():
    observed = Observed(answering())
    answer = await observed.call()
    observed.exchange.abandoned = True
    assert observed.inflight.count == 1
    answer.close()
    assert observed.record.client_closed


async def test_an_abandoned_call_that_fails_has_both_in_its_record():
    observed = Observed(raising(BROKEN))
    observed.exchange.abandoned = True
    with pytest.raises(type(BROKEN)):
        await observed.call()
    record = observed.record
    assert (record.error, record.client_closed) == ("truncated_body", True)


async def test_the_report_comes_before_inner_layers_give_their_things_back():
    log = []

    async def following(_exchange):
        answer = response()
        answer.on_close(lambda _: log.append("connection"))
        return answer

    clock = FakeClock()
    layer = observe("generic", Inflight(), (lambda _: log.append("record"),), clock)
    timeline = Timeline(clock.now())
    subject = Exchange("x", "api", "default", request(), float("inf"), timeline)
    (await stack(layer, on=following)(subject)).close()
    assert log == ["record", "connection"]


async def test_overlapping_exchanges_are_counted_together():
    inflight, clock = Inflight(), FakeClock()
    handler = stack(observe("generic", inflight, (), clock), on=answering())
    subjects = [
        Exchange("x", "api", "default", request(), float("inf"), Timeline(0.0)) for _ in range(3)
    ]
    answers = [await handler(subject) for subject in subjects]
    assert inflight.count == 3
    for left, answer in zip((2, 1, 0), answers, strict=True):
        answer.close()
        assert inflight.count == left


@pytest.mark.parametrize("shape", ["generic", "postgrest"])
async def test_a_fault_below_is_logged_and_reported_as_what_the_application_is_answered(
    shape, caplog
):
    inflight, records = Inflight(), []

    async def fault(_exchange):
        raise KeyError("x")

    subject = stack(observe(shape, inflight, (records.append,), FakeClock()), on=fault)
    with pytest.raises(ExchangeError) as caught:
        await subject(make_exchange(request()))
    assert inflight.count == 0
    (record,) = records
    assert (record.status, record.error) == (status_of(caught.value, shape), "internal_error")
    assert (record.status, record.source) == (502, "sidecar")
    assert [type(line.exc_info[1]) for line in caplog.records] == [KeyError]
