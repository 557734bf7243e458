from prometheus_client import CollectorRegistry

from sidecar.telemetry.hedge_stats import HedgeCollector, HedgeStats

ROUTE = {"upstream": "api", "route": "default"}


def test_figures_are_read_when_somebody_asks():
    stats = HedgeStats()
    registry = CollectorRegistry()
    registry.register(HedgeCollector(lambda: {("api", "default"): stats}))
    stats.sent, stats.won, stats.wasted = 3, 1, 2
    stats.skip("budget")
    stats.skip("budget")
    for name, value in (("sent", 3), ("won", 1), ("wasted", 2)):
        assert registry.get_sample_value(f"sidecar_hedge_{name}_total", ROUTE) == value
    labels = {**ROUTE, "reason": "budget"}
    assert registry.get_sample_value("sidecar_hedge_skipped_total", labels) == 2
