"""The figures of reloads, and those that go on over them."""

from sidecar.telemetry.pool_stats import PoolStats
from sidecar.telemetry.reload_stats import ReloadCollector, ReloadStats


def samples(stats):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in ReloadCollector(lambda: stats).collect()
        for sample in family.samples
    }


def test_the_start_counts_as_taken_and_as_no_reload():
    assert samples(ReloadStats(success_at=5.0)) == {
        ("sidecar_config_last_reload_successful",): 1.0,
        ("sidecar_config_last_reload_success_timestamp_seconds",): 5.0,
        ("sidecar_config_reloads_total", "success"): 0.0,
        ("sidecar_config_reloads_total", "failure"): 0.0,
    }


def test_a_refusal_leaves_the_time_of_the_last_that_was_taken():
    stats = ReloadStats(success_at=5.0)
    stats.taken(7.0)
    stats.refused()
    found = samples(stats)
    assert found["sidecar_config_last_reload_successful",] == 0.0
    assert found["sidecar_config_last_reload_success_timestamp_seconds",] == 7.0
    assert found["sidecar_config_reloads_total", "failure"] == 1.0


def test_the_totals_of_a_pool_go_on_and_its_gauges_are_its_own():
    before = PoolStats(dials=3, reused=5, open=2, idle=1, waiters=1)
    before.fail("dns_error")
    before.discard("idle")
    after = PoolStats(dials=1, open=1)
    after.discard("idle")
    after.count_on(before)
    assert (after.dials, after.reused, after.open, after.idle, after.waiters) == (4, 5, 1, 0, 0)
    assert (after.dial_failures, after.discarded) == ({"dns_error": 1}, {"idle": 2})
