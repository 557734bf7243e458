"""Prometheus metrics: a private registry, and who counts what in it.

What is counted for every exchange is in `exchange_stats.py`.
"""

import threading
from collections.abc import Callable, Mapping

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sidecar.telemetry.exchange_stats import ExchangeCollector, ExchangeStats, UpstreamStats
from sidecar.telemetry.inflight import Inflight, InflightCollector
from sidecar.telemetry.loop_stats import LoopCollector, LoopStats
from sidecar.telemetry.pool_stats import PoolCollector, PoolStats
from sidecar.telemetry.record import Record, Sink
from sidecar.telemetry.token_stats import TokenCollector, TokenStats

NONE = "-"


class Metrics:
    """Every metric of the sidecar. Call `bind` for each route before traffic comes."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._bound: dict[tuple[str, str], ExchangeStats] = {}
        self._upstreams: dict[str, UpstreamStats] = {}
        self._inflight: dict[str, Inflight] = {}
        self._tokens: dict[tuple[str, str], TokenStats] = {}
        self.loop = LoopStats()
        """For `watch_loop` to write."""
        self._rendering = threading.Lock()
        self.register(ExchangeCollector(lambda: self._bound))
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
            shared = self._upstreams.setdefault(upstream, UpstreamStats())
            self._bound[upstream, route] = ExchangeStats(shared)

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
