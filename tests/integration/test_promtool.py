from dataclasses import replace

from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.telemetry.record import Record
from tests.support.prometheus import promtool


def test_prometheus_has_no_complaint_about_any_metric():
    metrics = Metrics("1.2.3")
    metrics.bind("supabase", "users")
    metrics.set_config(sha256="abc")
    metrics.inflight("supabase").count += 1
    stats = PoolStats(dials=1)
    stats.fail("dns_error")
    stats.discard("idle")
    metrics.watch_pools(lambda: {"supabase": stats})
    record = Record("a", "supabase", "users", "GET", "/x", 200, attempts=1, duration=0.2)
    metrics.sink()(record)
    metrics.sink()(
        replace(record, error="idle_timeout", first_byte=0.1, at_upstream=0.1, bytes_up=1, dial=0.1)
    )
    text, _ = metrics.render()
    ours = b"".join(line for line in text.splitlines(keepends=True) if b"sidecar_" in line)
    assert ours.count(b"# TYPE") >= 15
    checked = promtool("check", "metrics", text=text)
    assert (checked.returncode, checked.stderr, checked.stdout) == (0, b"", b"")
