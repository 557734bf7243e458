from prometheus_client import CollectorRegistry

from sidecar.config.limit import Limit
from sidecar.core.limit import Limiter
from sidecar.telemetry.limit_stats import LimitCollector, LimitStats


def exported(stats):
    registry = CollectorRegistry()
    registry.register(LimitCollector(lambda: {"api": stats}))
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "upstream")): (
            sample.value
        )
        for family in registry.collect()
        for sample in family.samples
        if sample.labels["upstream"] == "api"
    }


def test_how_an_upstream_stands_is_read_from_its_limiter():
    limiter = Limiter(Limit(inflight=2))
    stats = LimitStats(limiter)
    for _ in range(3):
        limiter.admit(0.0)
    assert exported(stats) == {
        ("sidecar_limit_inflight",): 2,
        ("sidecar_limit_current",): 2,
        ("sidecar_limit_waiters",): 1,
        ("sidecar_limit_beyond_total",): 0,
    }


def test_refusals_and_waits_are_counted_by_priority():
    stats = LimitStats(Limiter(Limit()))
    stats.reject("full", "batch")
    stats.reject("full", "batch")
    stats.reject("timeout", "interactive")
    stats.waited(0.25, "batch")
    stats.waited(0.5, "batch")
    stats.beyond += 3
    figures = exported(stats)
    assert figures["sidecar_limit_rejected_total", "full", "batch"] == 2
    assert figures["sidecar_limit_rejected_total", "timeout", "interactive"] == 1
    assert figures["sidecar_limit_wait_seconds_count", "batch"] == 2
    assert figures["sidecar_limit_wait_seconds_sum", "batch"] == 0.75
    assert figures["sidecar_limit_beyond_total",] == 3


def test_the_collector_can_be_described_before_there_are_figures():
    assert list(LimitCollector(dict).describe()) == []
    assert all(not family.samples for family in LimitCollector(dict).collect())
