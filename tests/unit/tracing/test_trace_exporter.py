"""The way to a collector, over a real socket, decoded by OpenTelemetry's own types."""

import logging
import time

import pytest

from sidecar.core.trace_context import Context
from sidecar.telemetry.trace_stats import TraceCollector, TraceStats
from sidecar.tracing import exporter as exporting
from sidecar.tracing import otlp
from sidecar.tracing.exporter import Exporter
from sidecar.tracing.span import Span
from tests.support.otlp import collecting
from tests.support.ports import free_port

CONTEXT = Context("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


def span(name="GET", **changes):
    values = {"kind": "client", "began": 1_700_000_000.25, "duration": 0.5, "attributes": {}}
    return Span(CONTEXT, "00000000000000aa", name, **{**values, **changes})


class Sent:
    """An exporter to `url`, and its figures."""

    def __init__(self, url, *, retries=(0.01, 0.01), headers=None):
        self.stats = TraceStats()
        resource = {"service.name": "x"}
        self.exporter = Exporter(
            url,
            headers or {},
            lambda spans: otlp.request(spans, resource, "1"),
            otlp.rejected,
            self.stats,
            retries=retries,
            interval=0.01,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.exporter.close(5)

    def send(self, *spans):
        for each in spans:
            self.exporter.export(each)
        self.wait(lambda: self.done == len(spans))

    @property
    def done(self):
        return self.stats.sent + sum(self.stats.lost.values())

    def wait(self, condition):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, self.stats
            time.sleep(0.005)


def test_a_collector_reads_what_was_meant():
    attributes = {"a": "x", "b": 3, "c": 0.5, "d": True}
    with (
        collecting() as collector,
        Sent(collector.url, headers={"Authorization": "Bearer t"}) as on,
    ):
        on.send(span("POST /x", attributes=attributes, failed=True), span(kind="server"))
        first, second = collector.spans
        assert (first.trace_id, first.span_id) == (CONTEXT.trace_id, CONTEXT.span_id)
        assert (first.parent, first.name, first.kind) == ("00000000000000aa", "POST /x", "client")
        assert first.attributes == attributes
        assert first.resource == {"service.name": "x"}
        assert first.seconds == pytest.approx(0.5)
        assert (first.failed, second.failed, second.kind) == (True, False, "server")
        assert collector.requests[0][0] == "/v1/traces"
        assert collector.requests[0][1]["Authorization"] == "Bearer t"


@pytest.mark.parametrize("path", ["", "/", "/v1/traces", "/v1/traces/", "/base"])
def test_the_path_is_added_where_it_is_missing(path):
    with collecting() as collector, Sent(collector.url + path) as on:
        on.send(span())
        expected = "/base/v1/traces" if path == "/base" else "/v1/traces"
        assert collector.requests[0][0] == expected


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_collector_that_is_busy_is_asked_again(status):
    with collecting([status]) as collector, Sent(collector.url) as on:
        on.send(span())
        assert (on.stats.sent, on.stats.failures) == (1, 1)
        assert len(collector.requests) == 2


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_a_collector_that_refuses_is_not_asked_again(status):
    with collecting([status]) as collector, Sent(collector.url) as on:
        on.send(span())
        assert (on.stats.sent, on.stats.lost["refused"]) == (0, 1)
        assert len(collector.requests) == 1


def test_what_it_takes_in_part_is_counted_in_part():
    with collecting(reject=1) as collector, Sent(collector.url) as on:
        on.send(span(), span(), span())
        assert on.done == 3
        assert on.stats.lost["refused"] == len(collector.requests)


def test_a_dead_collector_costs_counters_and_one_line(caplog, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_WAITING", 3)
    caplog.set_level(logging.INFO, "sidecar.event")
    with Sent(f"http://127.0.0.1:{free_port()}", retries=(0.2,)) as on:
        on.exporter.export(span())
        on.wait(lambda: on.stats.failures == 1)
        for _ in range(5):
            on.exporter.export(span())
        assert on.stats.lost["full"] == 2
        on.wait(lambda: on.done == 6)
        assert on.stats.lost["unreachable"] == 4
        assert on.stats.sent == 0
    lines = [each.fields for each in caplog.records if each.msg == "tracing"]
    assert [line["state"] for line in lines] == ["failing"]


def test_when_it_is_back_it_says_so_and_goes_on(caplog):
    caplog.set_level(logging.INFO, "sidecar.event")
    with collecting([503, 503, 503]) as collector, Sent(collector.url) as on:
        on.exporter.export(span("lost"))
        on.wait(lambda: on.stats.lost["unreachable"] == 1)
        on.exporter.export(span("taken"))
        on.wait(lambda: on.stats.sent == 1)
        assert [each.name for each in collector.spans] == ["taken"]
    states = [each.fields["state"] for each in caplog.records if each.msg == "tracing"]
    assert states == ["failing", "exporting"]


def test_a_collector_that_hangs_keeps_nobody_waiting():
    with collecting() as collector, Sent(collector.url) as on:
        collector.gate.clear()
        began = time.monotonic()
        for _ in range(5000):
            on.exporter.export(span())
        on.exporter.close(0.05)
        assert time.monotonic() - began < 2
        assert on.stats.lost["full"] >= 1
        collector.gate.set()


def test_what_is_waiting_is_sent_at_the_end():
    with collecting() as collector:
        on = Sent(collector.url)
        for _ in range(600):
            on.exporter.export(span())
        on.exporter.close(10)
        on.exporter.close(10)
        assert len(collector.spans) == on.stats.sent == 600


def test_what_comes_after_the_end_is_counted_as_lost():
    with collecting() as collector, Sent(collector.url) as on:
        on.exporter.close(5)
        on.send(span())
        assert on.stats.lost["unreachable"] == 1
        assert not on.stats.waiting


def test_spans_that_cannot_be_written_do_not_end_the_thread():
    with collecting() as collector, Sent(collector.url) as on:
        on.send(span(attributes={"a": object()}))
        assert on.stats.lost["refused"] == 1
        on.exporter.export(span())
        on.wait(lambda: on.stats.sent == 1)


def test_the_figures_are_exported():
    stats = TraceStats(sent=3, failures=2, waiting=1)
    stats.lost["full"] = 7
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in TraceCollector(lambda: stats).collect()
        for sample in family.samples
    }
    assert samples["sidecar_trace_spans_sent_total",] == 3
    assert samples["sidecar_trace_spans_lost_total", "full"] == 7
    assert samples["sidecar_trace_spans_waiting",] == 1
    assert samples["sidecar_trace_export_failures_total",] == 2
