"""Prometheus metrics: a private registry, and series that traffic cannot multiply.

Labels are names from the configuration, methods, status and error codes; never paths.
"""

import threading
from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sidecar.telemetry.inflight import Inflight, InflightCollector
from sidecar.telemetry.loop_stats import LoopCollector, LoopStats
from sidecar.telemetry.pool_stats import PoolCollector, PoolStats
from sidecar.telemetry.record import Record, Sink
from sidecar.telemetry.token_stats import TokenCollector, TokenStats

NONE = "-"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
DURATIONS = (*_HTTP, 20.48, 40.96, 81.92)
"""OpenTelemetry's boundaries for `http.client.request.duration`, and from where they end those for
`gen_ai.client.operation.duration`: a generation takes longer than 10 s. The same for all routes,
so that figures of several may be added."""
OVERHEADS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.25, 1)
WAITS = (0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_MAX_ERRORS = 64
_SWITCHED = 101
_ROUTE = ("upstream", "route")


class Metrics:
    """Every metric of the sidecar. Call `bind` for each route before traffic comes."""

    def __init__(self, version: str) -> None:
        # Otherwise each counter exports a second series, its time of creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._bound: dict[tuple[str, str], _Series] = {}
        self._inflight: dict[str, Inflight] = {}
        self._tokens: dict[tuple[str, str], TokenStats] = {}
        self.loop = LoopStats()
        """For `watch_loop` to write."""
        self._rendering = threading.Lock()
        self._families = _Families(self.registry)
        self._config = Info("sidecar_config", "The loaded configuration.", registry=self.registry)
        build = Info("sidecar_build", "The running program.", registry=self.registry)
        build.info({"version": version})
        self.register(InflightCollector(lambda: self._inflight))
        self.register(TokenCollector(lambda: self._tokens))
        self.register(LoopCollector(lambda: self.loop))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.bind(NONE, NONE)

    def bind(self, upstream: str, route: str) -> None:
        """Make the series of a route, so that a request need not look its labels up."""
        if (upstream, route) not in self._bound:
            self._bound[upstream, route] = _Series(self._families, upstream, route)

    def inflight(self, upstream: str) -> Inflight:
        """The count of exchanges under way: `.count += 1` at the start, `-= 1` at the end."""
        return self._inflight.setdefault(upstream, Inflight())

    def tokens(self, upstream: str, route: str) -> TokenStats:
        """Where the tokens of a route are counted: names of the configuration only.

        It has series from then on; ask when an answer has said what it cost.
        """
        return self._tokens.setdefault((upstream, route), TokenStats())

    @property
    def token_stats(self) -> Mapping[tuple[str, str], TokenStats]:
        """Those figures, by upstream and route."""
        return self._tokens

    def set_config(self, **labels: str) -> None:
        """Describe the loaded configuration: `set_config(sha256="…")`."""
        self._config.info(labels)

    def watch_pools(self, get: Callable[[], Mapping[str, PoolStats]]) -> None:
        """Export the figures of the pools that `get` names, read at every scrape."""
        self.register(PoolCollector(get))

    def register(self, collector: Collector) -> None:
        """Add metrics that are collected at scrape time."""
        self.registry.register(collector)

    def sink(self) -> Sink:
        """A sink that counts each exchange; what was not bound counts as `-`."""
        bound, nowhere = self._bound, self._bound[NONE, NONE]

        def count(record: Record) -> None:
            bound.get((record.upstream, record.route), nowhere).observe(record)

        return count

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """The exposition and its content type, as an `Accept` header asks for.

        Takes tens of milliseconds when there are many series: call it in a thread.
        """
        encode, content_type = choose_encoder(accept)
        with self._rendering:
            return encode(self.registry), content_type


class _Families:
    """The metrics that have labels, without any series yet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def histogram(
            name: str, text: str, buckets: tuple[float, ...], labels: tuple[str, ...]
        ) -> Histogram:
            return Histogram(name, text, labels, registry=registry, buckets=buckets)

        self.exchanges = counter(
            "sidecar_exchanges_total", "Exchanges that ended.", *_ROUTE, "method", "code"
        )
        self.errors = counter(
            "sidecar_errors_total", "Exchanges that ended with an error.", *_ROUTE, "error"
        )
        self.bytes = counter("sidecar_bytes_total", "Body bytes.", "upstream", "direction")
        self.duration = histogram(
            "sidecar_exchange_duration_seconds",
            "From the request to the last byte of its answer.",
            DURATIONS,
            _ROUTE,
        )
        self.first_byte = histogram(
            "sidecar_upstream_first_byte_seconds",
            "From the request to the first byte of the upstream's answer.",
            DURATIONS,
            _ROUTE,
        )
        self.overhead = histogram(
            "sidecar_overhead_seconds",
            "What the sidecar itself spent until the answer began.",
            OVERHEADS,
            ("upstream",),
        )
        self.pool_wait = histogram(
            "sidecar_pool_wait_seconds", "Wait for a free connection.", WAITS, ("upstream",)
        )
        self.dial = histogram(
            "sidecar_dial_seconds",
            "Look-up, connection and TLS handshake together.",
            WAITS,
            ("upstream",),
        )


class _Series:
    """The series of one route. Those of a method, status or error are made when first seen."""

    def __init__(self, families: _Families, upstream: str, route: str) -> None:
        self._families = families
        self._labels = (upstream, route)
        self._exchanges: dict[tuple[str, int], Counter] = {}
        self._errors: dict[str, Counter] = {}
        self._duration = families.duration.labels(upstream, route)
        self._first_byte = families.first_byte.labels(upstream, route)
        self._overhead = families.overhead.labels(upstream)
        self._pool_wait = families.pool_wait.labels(upstream)
        self._dial = families.dial.labels(upstream)
        self._up = families.bytes.labels(upstream, "up")
        self._down = families.bytes.labels(upstream, "down")

    def observe(self, record: Record) -> None:
        key = (record.method, record.status)
        (self._exchanges.get(key) or self._exchange(*key)).inc()
        if record.status != _SWITCHED:  # it lasts for as long as the WebSocket
            trace = {"trace_id": record.trace_id} if record.trace_id else None
            self._duration.observe(record.duration, trace)
        if record.error is not None:
            (self._errors.get(record.error) or self._error(record.error)).inc()
        if record.first_byte:
            self._first_byte.observe(record.first_byte)
        overhead = record.overhead
        if overhead is not None:
            self._overhead.observe(overhead)
        if record.attempts:
            self._pool_wait.observe(record.pool_wait)
        if record.dial:
            self._dial.observe(record.dial)
        if record.bytes_up:
            self._up.inc(record.bytes_up)
        if record.bytes_down:
            self._down.inc(record.bytes_down)

    def _exchange(self, method: str, status: int) -> Counter:
        known = method if method in METHODS else "other"
        code = str(status) if 100 <= status <= 599 else "other"
        child = self._families.exchanges.labels(*self._labels, known, code)
        if known == method and code != "other":  # only what is bounded is remembered
            self._exchanges[method, status] = child
        return child

    def _error(self, error: str) -> Counter:
        if len(self._errors) >= _MAX_ERRORS:
            return self._families.errors.labels(*self._labels, "other")
        return self._errors.setdefault(error, self._families.errors.labels(*self._labels, error))
