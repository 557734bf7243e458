from prometheus_client import CollectorRegistry

from sidecar.telemetry.prefetch_stats import PrefetchCollector, PrefetchStats

ROUTE = {"upstream": "api", "route": "list"}


def test_calls_made_ahead_are_read_when_somebody_asks():
    stats = PrefetchStats()
    registry = CollectorRegistry()
    registry.register(PrefetchCollector(lambda: {("api", "list"): stats}))
    stats.fetched, stats.failed = 3, 1
    stats.skip("queue_full")
    stats.skip("queue_full")
    value = registry.get_sample_value
    assert value("sidecar_prefetch_calls_total", {**ROUTE, "result": "fetched"}) == 3
    assert value("sidecar_prefetch_calls_total", {**ROUTE, "result": "failed"}) == 1
    assert value("sidecar_prefetch_skipped_total", {**ROUTE, "reason": "queue_full"}) == 2
