from prometheus_client import CollectorRegistry

from sidecar.telemetry.delivery_stats import DeliveryCollector, DeliveryStats, SpoolStats

ROUTE = {"upstream": "api", "route": "send"}


def exported(stats, spool=None):
    registry = CollectorRegistry()
    registry.register(
        DeliveryCollector(lambda: {("api", "send"): stats}, lambda: spool or SpoolStats())
    )
    return registry.get_sample_value


def test_figures_are_read_when_somebody_asks():
    stats = DeliveryStats()
    value = exported(stats)
    stats.accepted, stats.duplicates, stats.passed_on = 3, 2, 1
    stats.refuse("spool_full")
    stats.attempt("again")
    stats.attempt("again")
    stats.called("failed")
    for name, count in (("accepted", 3), ("duplicates", 2), ("passed_on", 1)):
        assert value(f"sidecar_queue_{name}_total", ROUTE) == count
    assert value("sidecar_queue_refused_total", {**ROUTE, "reason": "spool_full"}) == 1
    assert value("sidecar_queue_attempts_total", {**ROUTE, "outcome": "again"}) == 2
    assert value("sidecar_queue_callbacks_total", {**ROUTE, "outcome": "failed"}) == 1


def test_what_became_of_deliveries_and_after_how_many_attempts():
    stats = DeliveryStats()
    stats.end("delivered", 1)
    stats.end("failed", 4)
    stats.seconds.observe(0.1)
    stats.seconds.observe(100_000.0)
    value = exported(stats)
    assert value("sidecar_queue_outcomes_total", {**ROUTE, "outcome": "failed"}) == 1
    tries = "sidecar_queue_delivery_attempts"
    buckets = [value(f"{tries}_bucket", {**ROUTE, "le": le}) for le in ("1.0", "3.0", "5.0")]
    assert buckets == [1, 1, 2]
    assert value(f"{tries}_sum", ROUTE) == 5
    seconds = "sidecar_queue_delivery_seconds"
    assert value(f"{seconds}_bucket", {**ROUTE, "le": "0.1"}) == 1
    assert value(f"{seconds}_bucket", {**ROUTE, "le": "86400.0"}) == 1
    assert value(f"{seconds}_count", ROUTE) == 2


def test_how_much_there_is():
    value = exported(DeliveryStats(), SpoolStats({"queued": 7}, 100, 12.5, up=False))
    assert value("sidecar_queue_deliveries", {"state": "queued"}) == 7
    assert value("sidecar_queue_bytes") == 100
    assert value("sidecar_queue_oldest_due_seconds") == 12.5
    assert value("sidecar_queue_spool_up") == 0
