import sys

import pytest

from sidecar.clock import SystemClock
from sidecar.config.secret import Secret
from sidecar.config.tracing import Tracing
from sidecar.parts.tracing import make_tracing
from tests.support.builders import config, upstream

HEADERS = {"Authorization": Secret("Bearer x")}


def configured(url="http://127.0.0.1:1", **tracing):
    return config(upstreams={"api": upstream(url)}, tracing=Tracing(**tracing))


async def test_without_an_endpoint_there_is_nothing():
    assert make_tracing(configured(), SystemClock()) is None


async def test_after_a_reload_the_exporter_goes_on_unless_its_settings_changed():
    clock, where = SystemClock(), "http://127.0.0.1:9"
    first = make_tracing(configured(endpoint=where, headers=HEADERS), clock)
    moved = configured("http://127.0.0.1:2", endpoint=where, headers=dict(HEADERS))
    second = make_tracing(moved, clock, first)
    assert second.exporter is first.exporter
    assert second.places["api"].port == 2
    third = make_tracing(configured(endpoint=where, sample=0.5), clock, second)
    assert third.exporter is not first.exporter
    for each in (second, third):
        await each.close()


async def test_without_the_extra_it_says_which(monkeypatch):
    monkeypatch.setitem(sys.modules, "sidecar.tracing.otlp", None)
    monkeypatch.delattr("sidecar.tracing.otlp", raising=False)
    with pytest.raises(OSError, match=r"outbound-sidecar\[otel\]"):
        make_tracing(configured(endpoint="http://127.0.0.1:9"), SystemClock())
