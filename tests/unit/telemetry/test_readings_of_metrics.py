"""What windows are made of, against the registry that `/metrics` exports."""

import pytest

from sidecar.core.summary import Cell, figures, row
from sidecar.telemetry.cache_stats import CacheCollector, CacheStats
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.outcome_stats import OutcomeCollector, Outcomes
from sidecar.telemetry.readings import read
from sidecar.telemetry.record import Record
from sidecar.telemetry.retry_stats import RetryCollector, RetryStats
from sidecar.telemetry.token_stats import TokenCollector, TokenStats
from sidecar.trail import Tried


def record(**changes):
    settings = {
        "upstream": "api",
        "route": "r",
        "method": "GET",
        "status": 200,
        "attempts": 1,
        "duration": 0.2,
        "first_byte": 0.15,
        "at_upstream": 0.1499,
        "bytes_up": 3,
        "bytes_down": 5,
        "trail": [Tried(1, 0.0)],
    }
    return Record("id", target="/", **{**settings, **changes})


@pytest.fixture
def counting():
    metrics, outcomes = Metrics("1"), Outcomes()
    metrics.bind("api", "r")
    metrics.bind("api", "s")
    metrics.register(OutcomeCollector(lambda: outcomes.stats))
    count = metrics.sink()

    def see(each):
        count(each)
        outcomes(each)

    return metrics, see


def test_a_registry_without_traffic_reads_as_nothing(counting):
    metrics, _ = counting
    assert read(metrics.registry) == {}


def test_each_exchange_is_counted_once_under_its_route(counting):
    metrics, see = counting
    see(record())
    see(record(status=503, method="POST"))
    see(record(route="s", trail=[Tried(1, 0.0), Tried(2, 0.1)]))
    found = read(metrics.registry)
    assert found[Cell("api", "r", "calls")] == 2
    assert found[Cell("api", "s", "calls")] == 1
    assert found[Cell("api", "r", "failed", "http_5xx")] == 1
    assert found[Cell("api", "s", "attempts")] == 2
    assert found[Cell("api", "s", "sent")] == 1
    assert found[Cell("api", "", "up")] == 9
    assert found[Cell("api", "", "down")] == 15


def test_buckets_are_taken_apart_and_add_up_to_what_was_observed(counting):
    metrics, see = counting
    for duration in (0.004, 0.2, 0.2, 3.0, 1000.0):
        see(record(duration=duration))
        see(record(duration=duration, route="s"))
    found = read(metrics.registry)
    buckets = {each.mark: count for each, count in found.items() if each[1:3] == ("r", "duration")}
    assert buckets == {"0 0.005": 1, "0.1 0.25": 2, "2.5 5.0": 1, "81.92 +Inf": 1}
    assert sum(count for each, count in found.items() if each.name == "first_byte") == 10
    assert sum(count for each, count in found.items() if each.name == "overhead") == 10


def test_what_other_parts_count_is_read_as_well(counting):
    metrics, _ = counting
    caches = {("api", "r"): CacheStats({"hit": 8, "miss": 2}, saved=1.5)}
    retries = {("api", "r"): RetryStats({"503": 3, "reset": 1}, rescued=2)}
    tokens = {("api", "r"): TokenStats()}
    tokens["api", "r"].see(100, 50, 20)
    metrics.register(CacheCollector(lambda: caches))
    metrics.register(RetryCollector(lambda: retries))
    metrics.register(TokenCollector(lambda: tokens))
    shown = figures(row(read(metrics.registry).items()), 60.0)
    assert (shown["cache"]["ratio"], shown["cache"]["seconds_saved"]) == (0.8, 1.5)
    assert (shown["retries"]["repeated"], shown["retries"]["rescued"]) == (4, 2)
    assert shown["tokens"] == {"input": 100, "output": 50, "cached": 20}


def test_the_figures_are_those_of_the_exposition(counting):
    metrics, see = counting
    for status in (200, 200, 429, 500):
        see(record(status=status))
    see(record(status=503, error="breaker_open", trail=[], source="sidecar"))
    text = metrics.render()[0].decode()
    assert 'sidecar_failures_total{kind="breaker",route="r",upstream="api"} 1.0' in text
    assert 'sidecar_exchange_attempts_count{route="r",upstream="api"} 4.0' in text
    shown = figures(row(read(metrics.registry).items()), 60.0)
    assert (shown["calls"], shown["errors"]["count"]) == (5, 3)
    assert {name: n for name, n in shown["errors"]["classes"].items() if n} == {
        "breaker": 1,
        "http_429": 1,
        "http_5xx": 1,
    }
    assert shown["retries"]["amplification"] == 1.0
