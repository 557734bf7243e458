import random

import pytest
from prometheus_client.openmetrics import parser

from sidecar.telemetry.exchange_stats import DURATIONS, OVERHEADS, WAITS
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.telemetry.record import Record


@pytest.fixture
def metrics():
    made = Metrics("1.2.3")
    made.bind("supabase", "users")
    return made


def record(**changes):
    values = {"id": "a", "upstream": "supabase", "route": "users", "method": "GET", "target": "/x"}
    return Record(**{**values, "status": 200, **changes})


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def test_an_exchange_is_counted_where_it_was_routed(metrics):
    metrics.sink()(record(attempts=1, duration=0.2, first_byte=0.1, at_upstream=0.09))
    route = {"upstream": "supabase", "route": "users"}
    assert value(metrics, "sidecar_exchanges_total", **route, method="GET", code="200") == 1
    assert value(metrics, "sidecar_exchange_duration_seconds_sum", **route) == 0.2
    assert value(metrics, "sidecar_upstream_first_byte_seconds_sum", **route) == 0.1
    assert value(metrics, "sidecar_overhead_seconds_sum", upstream="supabase") == pytest.approx(
        0.01
    )


@pytest.mark.parametrize(
    ("changes", "overhead"),
    [
        ({"duration": 0.003}, 0.003),  # the sidecar answered by itself
        ({"attempts": 1, "duration": 3.0}, None),  # the upstream never answered
        ({"attempts": 1, "first_byte": 0.2}, None),  # nobody measured
        ({"attempts": 1, "first_byte": 0.5, "at_upstream": 0.2, "pool_wait": 0.25}, 0.05),
        ({"attempts": 1, "first_byte": 0.2, "at_upstream": 0.3}, 0.0),
        ({"duration": 9.0, "client_closed": True}, None),
    ],
)
def test_overhead_is_the_sidecars_own_part(changes, overhead):
    assert record(**changes).overhead == (overhead and pytest.approx(overhead))


def test_errors_bytes_and_connection_times_are_counted(metrics):
    metrics.sink()(
        record(
            attempts=1, error="idle_timeout", pool_wait=0.5, dial=0.25, bytes_up=10, bytes_down=20
        )
    )
    labels = {"upstream": "supabase", "route": "users", "error": "idle_timeout"}
    assert value(metrics, "sidecar_errors_total", **labels) == 1
    assert value(metrics, "sidecar_pool_wait_seconds_sum", upstream="supabase") == 0.5
    assert value(metrics, "sidecar_dial_seconds_sum", upstream="supabase") == 0.25
    assert value(metrics, "sidecar_bytes_total", upstream="supabase", direction="up") == 10
    assert value(metrics, "sidecar_bytes_total", upstream="supabase", direction="down") == 20


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        ({"route": "gone"}, {"upstream": "-", "route": "-"}),
        ({"upstream": "gone"}, {"upstream": "-", "route": "-"}),
        ({"upstream": "-", "route": "-"}, {"upstream": "-", "route": "-"}),
    ],
)
def test_an_unknown_route_makes_no_series(metrics, changes, labels):
    metrics.sink()(record(**changes))
    assert value(metrics, "sidecar_exchanges_total", **labels, method="GET", code="200") == 1


def series(metrics):
    return sum(len(family.samples) for family in metrics.registry.collect())


def test_random_traffic_keeps_the_number_of_series_constant(metrics):
    dice = random.Random(1)
    sink = metrics.sink()

    def noise():
        sink(
            record(
                target=f"/{dice.random()}",
                method=f"M{dice.randrange(10**9)}",
                status=dice.choice([-1, 0, 99, 600, 10**6]),
                upstream=dice.choice(["supabase", f"u{dice.random()}"]),
                route=dice.choice(["users", f"r{dice.random()}"]),
                error=f"e{dice.random()}",
            )
        )

    for _ in range(2_000):
        noise()
    before = series(metrics)
    for _ in range(10_000):
        noise()
    assert series(metrics) == before < 1_000


def test_inflight_follows_its_counter(metrics):
    inflight = metrics.inflight("supabase")
    inflight.count += 2
    inflight.count -= 1
    assert metrics.inflight("supabase") is inflight
    assert value(metrics, "sidecar_inflight_exchanges", upstream="supabase") == 1


def test_pool_figures_are_read_when_scraped(metrics):
    stats = PoolStats()
    metrics.watch_pools(lambda: {"supabase": stats})
    stats.dials += 3
    stats.open = 2
    stats.fail("dns_error")
    stats.discard("idle")
    stats.discard("idle")
    at = {"upstream": "supabase"}
    assert value(metrics, "sidecar_pool_dials_total", **at) == 3
    assert value(metrics, "sidecar_pool_open_connections", **at) == 2
    assert value(metrics, "sidecar_pool_dial_failures_total", **at, error="dns_error") == 1
    assert value(metrics, "sidecar_pool_discarded_total", **at, reason="idle") == 2


def test_histograms_have_few_buckets_and_those_of_overhead_begin_at_50_microseconds():
    assert all(len(buckets) <= 17 for buckets in (DURATIONS, OVERHEADS, WAITS))  # +Inf is one more
    assert OVERHEADS[0] == 0.00005


def test_durations_have_opentelemetrys_buckets_for_http_and_go_on_with_those_for_models():
    http = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
    models = tuple(round(0.01 * 2**power, 2) for power in range(14))
    assert (*http, *(bound for bound in models if bound > 2 * http[-1])) == DURATIONS


def test_tokens_of_a_route_have_series_once_an_answer_has_told_of_them(metrics):
    at = {"upstream": "gemini", "route": "generate"}
    assert value(metrics, "sidecar_tokens_cached_total", **at) is None
    metrics.tokens("gemini", "generate").see(100, 20, 40)
    metrics.tokens("gemini", "generate").see(1, 0, 0)
    assert value(metrics, "sidecar_tokens_sum", **at, type="input") == 101
    assert value(metrics, "sidecar_tokens_count", **at, type="output") == 2
    assert value(metrics, "sidecar_tokens_bucket", **at, type="input", le="64.0") == 1
    assert value(metrics, "sidecar_tokens_cached_total", **at) == 40


def test_exposition_follows_the_accept_header(metrics):
    metrics.set_config(sha256="abc")
    text, kind = metrics.render("")
    assert kind.startswith("text/plain")
    assert b'sidecar_build_info{version="1.2.3"} 1.0' in text
    assert b'sidecar_config_info{sha256="abc"} 1.0' in text
    assert b"_created" not in text
    opened, kind = metrics.render("application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert kind.startswith("application/openmetrics-text")
    names = {family.name for family in parser.text_string_to_metric_families(opened.decode())}
    assert {"sidecar_exchanges", "sidecar_overhead_seconds", "process_cpu_seconds"} <= names


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


def test_a_trace_is_named_beside_the_duration_and_in_openmetrics_only(metrics):
    metrics.sink()(record(duration=0.2, trace_id=TRACE))
    metrics.sink()(record(duration=3.0))
    opened, _ = metrics.render(OPEN_METRICS)
    marked = [line for line in opened.splitlines() if TRACE.encode() in line]
    assert len(marked) == 1
    assert marked[0].startswith(b"sidecar_exchange_duration_seconds_bucket{")
    assert b'le="0.25"' in marked[0]
    families = parser.text_string_to_metric_families(opened.decode())
    samples = [sample for family in families for sample in family.samples if sample.exemplar]
    assert [sample.exemplar.labels for sample in samples] == [{"trace_id": TRACE}]
    assert TRACE.encode() not in metrics.render("")[0]


def test_two_instances_share_nothing():
    first, second = Metrics("1"), Metrics("1")
    first.sink()(record(upstream="-"))
    labels = {"upstream": "-", "route": "-", "method": "GET", "code": "200"}
    assert value(first, "sidecar_exchanges_total", **labels) == 1
    assert value(second, "sidecar_exchanges_total", **labels) is None
