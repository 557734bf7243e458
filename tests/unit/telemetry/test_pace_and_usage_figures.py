from prometheus_client import CollectorRegistry, generate_latest

from sidecar.telemetry.pace_stats import PaceCollector, PaceStats
from sidecar.telemetry.usage_stats import UsageCollector, UsageStats

APP = [(b"X-App-Usage", b'{"call_count":28}')]
LEFT = [(b"x-ratelimit-limit", b"10"), (b"x-ratelimit-remaining", b"9")]


def exported(collector):
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    return {line for line in lines if not line.startswith("#")}


def test_the_figures_of_a_pace():
    stats = PaceStats(passed=5, waits=2, seconds=1.5, drained=1, keys=3, waiting=1)
    stats.refuse("full")
    stats.observe("waits")
    labels = 'pace="pair",upstream="whatsapp"'
    lines = exported(PaceCollector(lambda: {("whatsapp", "pair"): stats}))
    assert {line.replace('upstream="whatsapp",pace="pair"', labels) for line in lines} == {
        f"sidecar_pace_passed_total{{{labels}}} 5.0",
        f"sidecar_pace_waits_total{{{labels}}} 2.0",
        f"sidecar_pace_wait_seconds_total{{{labels}}} 1.5",
        f"sidecar_pace_drained_total{{{labels}}} 1.0",
        'sidecar_pace_refused_total{pace="pair",reason="full",upstream="whatsapp"} 1.0',
        'sidecar_pace_observed_total{outcome="waits",pace="pair",upstream="whatsapp"} 1.0',
        f"sidecar_pace_keys{{{labels}}} 3.0",
        f"sidecar_pace_waiting{{{labels}}} 1.0",
    }


def test_what_an_upstream_said_last():
    stats = UsageStats()
    for headers in (APP, LEFT, LEFT, [(b"Content-Type", b"text/plain")]):
        stats.see(headers)
    assert exported(UsageCollector(lambda: {"whatsapp": stats, "silent": UsageStats()})) == {
        'sidecar_upstream_usage_ratio{meter="app_calls",upstream="whatsapp"} 0.28',
        'sidecar_upstream_usage_ratio{meter="requests",upstream="whatsapp"} 0.09999999999999998',
        'sidecar_upstream_quota_remaining{meter="requests",upstream="whatsapp"} 9.0',
        'sidecar_upstream_usage_reports_total{upstream="whatsapp"} 3.0',
    }


def test_time_to_regain_access_ends_when_the_upstream_says_so():
    stats = UsageStats()
    for minutes, seconds in ((b"5", 300.0), (b"0", 0.0)):
        value = b'{"1":[{"estimated_time_to_regain_access":%b}]}' % minutes
        stats.see([(b"x-business-use-case-usage", value)])
        assert stats.regain == seconds
        line = f'sidecar_upstream_regain_access_seconds{{upstream="whatsapp"}} {seconds}'
        assert line in exported(UsageCollector(lambda: {"whatsapp": stats}))
