from sidecar.telemetry.ledger_stats import LedgerCollector, LedgerStats
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.store_stats import StoreCollector, StoreStats


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def test_what_happened_to_keys_is_exported_for_each_upstream():
    stats = LedgerStats(calls=5, replayed=4, waited=3, evicted=2, bytes=700)
    stats.refuse("unknown")
    stats.refuse("unknown")
    stats.end("answered")
    metrics = Metrics("1")
    metrics.register(LedgerCollector(lambda: {"whatsapp": stats}))
    for name, count in {"calls": 5, "replayed": 4, "waited": 3, "evicted": 2}.items():
        assert value(metrics, f"sidecar_ledger_{name}_total", upstream="whatsapp") == count
    assert value(metrics, "sidecar_ledger_bytes", upstream="whatsapp") == 700
    labels = {"upstream": "whatsapp"}
    assert value(metrics, "sidecar_ledger_refused_total", **labels, reason="unknown") == 2
    assert value(metrics, "sidecar_ledger_outcomes_total", **labels, outcome="answered") == 1


def test_what_a_store_did_and_how_it_stands_is_exported():
    stats = StoreStats(hits=3, misses=2, dropped=1, skipped=9, up=False, bytes=10, pending=4)
    stats.failed("timeout")
    metrics = Metrics("1")
    metrics.register(StoreCollector(lambda: {"shared": stats, "memory": StoreStats()}))
    for name, count in {"hits": 3, "misses": 2, "dropped": 1, "skipped": 9}.items():
        assert value(metrics, f"sidecar_store_{name}_total", store="shared") == count
    for name, count in {"up": 0, "bytes": 10, "pending": 4}.items():
        assert value(metrics, f"sidecar_store_{name}", store="shared") == count
    failures = value(metrics, "sidecar_store_failures_total", store="shared", reason="timeout")
    assert failures == 1
    assert value(metrics, "sidecar_store_up", store="memory") == 1
