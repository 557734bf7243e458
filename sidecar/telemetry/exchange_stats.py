"""Figures of every exchange that ended: how many, how long, how large, and what failed.

Plain integers, exported when somebody asks. Traffic cannot multiply the series: labels are names
from the configuration, known methods, status and error codes; never paths.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector, counts, histograms
from sidecar.telemetry.histogram import Histogram
from sidecar.telemetry.record import Record

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
DURATIONS = (*_HTTP, 20.48, 40.96, 81.92)
"""OpenTelemetry's boundaries for `http.client.request.duration`, and from where they end those for
`gen_ai.client.operation.duration`: a generation takes longer than 10 s. The same for all routes,
so that figures of several may be added."""
OVERHEADS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1)
WAITS = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_MAX_ERRORS = 64
_SWITCHED = 101


@dataclass(slots=True, eq=False)
class UpstreamStats:
    """What the routes of one upstream count together since the start."""

    overhead: Histogram = field(default_factory=lambda: Histogram(OVERHEADS))
    pool_wait: Histogram = field(default_factory=lambda: Histogram(WAITS))
    dial: Histogram = field(default_factory=lambda: Histogram(WAITS))
    up: int = 0
    """Body bytes to the upstream."""
    down: int = 0
    """And from it."""


@dataclass(slots=True, eq=False)
class ExchangeStats:
    """What one route counts since the start. Written on the event loop only."""

    upstream: UpstreamStats
    ended: dict[tuple[str, int | str], int] = field(default_factory=dict)
    """Exchanges by method and status; those that are not known ones are `other`."""
    errors: dict[str, int] = field(default_factory=dict)
    duration: Histogram = field(default_factory=lambda: Histogram(DURATIONS))
    first_byte: Histogram = field(default_factory=lambda: Histogram(DURATIONS))

    def observe(self, record: Record) -> None:
        """Count one exchange."""
        ended, key = self.ended, (record.method, record.status)
        if key in ended:
            ended[key] += 1
        else:
            self._see(record)
        if record.status != _SWITCHED:  # it lasts for as long as the WebSocket
            duration = record.duration
            self.duration.observe(duration)
            if record.trace_id:
                self.duration.mark(duration, record.trace_id, record.started_wall + duration)
        if record.error is not None:
            self._fail(record.error)
        if record.first_byte:
            self.first_byte.observe(record.first_byte)
        self._observe_upstream(record)

    def _observe_upstream(self, record: Record) -> None:
        upstream, overhead = self.upstream, record.overhead
        if overhead is not None:
            upstream.overhead.observe(overhead)
        if record.attempts:
            upstream.pool_wait.observe(record.pool_wait)
        if record.dial:
            upstream.dial.observe(record.dial)
        upstream.up += record.bytes_up
        upstream.down += record.bytes_down

    def _see(self, record: Record) -> None:
        """Count one of a method and status that were not seen before, or are not known ones."""
        method = record.method if record.method in METHODS else OTHER
        code = record.status if 100 <= record.status <= 599 else OTHER
        self.ended[method, code] = self.ended.get((method, code), 0) + 1

    def _fail(self, error: str) -> None:
        if error not in self.errors and len(self.errors) >= _MAX_ERRORS:
            error = OTHER
        self.errors[error] = self.errors.get(error, 0) + 1


_Stats = Mapping[tuple[str, str], ExchangeStats]
_ROUTE = ("upstream", "route")


class ExchangeCollector(StatsCollector[_Stats]):
    """Exports the figures of all routes at the time of a scrape, in a thread too."""

    def collect(self) -> Iterable[Metric]:
        """Counters and histograms by route, and by upstream what its routes share."""
        by_route = dict(self._get())
        by_upstream = {name: stats.upstream for (name, _), stats in by_route.items()}
        yield _ended(by_route)
        text = "Exchanges that ended with an error."
        yield counts(
            CounterMetricFamily("sidecar_errors", text, labels=(*_ROUTE, "error")),
            by_route,
            "errors",
        )
        yield _bytes(by_upstream)
        yield histograms(
            "sidecar_exchange_duration_seconds",
            "From the request to the last byte of its answer.",
            _ROUTE,
            {names: stats.duration for names, stats in by_route.items()},
        )
        yield histograms(
            "sidecar_upstream_first_byte_seconds",
            "From the request to the first byte of the upstream's answer.",
            _ROUTE,
            {names: stats.first_byte for names, stats in by_route.items()},
        )
        for name, text, chosen in _OF_UPSTREAM:
            yield histograms(
                name,
                text,
                ("upstream",),
                {(each,): chosen(by_upstream[each]) for each in by_upstream},
            )


_OF_UPSTREAM: tuple[tuple[str, str, Callable[[UpstreamStats], Histogram]], ...] = (
    (
        "sidecar_overhead_seconds",
        "What the sidecar itself spent until the answer began.",
        lambda stats: stats.overhead,
    ),
    ("sidecar_pool_wait_seconds", "Wait for a free connection.", lambda stats: stats.pool_wait),
    (
        "sidecar_dial_seconds",
        "Look-up, connection and TLS handshake together.",
        lambda stats: stats.dial,
    ),
)


def _ended(by_route: _Stats) -> Metric:
    labels = (*_ROUTE, "method", "code")
    family = CounterMetricFamily("sidecar_exchanges", "Exchanges that ended.", labels=labels)
    for names, stats in by_route.items():
        for (method, code), count in dict(stats.ended).items():
            family.add_metric([*names, method, str(code)], count)
    return family


def _bytes(by_upstream: Mapping[str, UpstreamStats]) -> Metric:
    family = CounterMetricFamily("sidecar_bytes", "Body bytes.", labels=("upstream", "direction"))
    for name, stats in by_upstream.items():
        family.add_metric([name, "up"], stats.up)
        family.add_metric([name, "down"], stats.down)
    return family
