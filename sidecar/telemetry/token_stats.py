"""Figures of tokens that models read and wrote, by route, as their providers count them.

Knows no dialect: it is told what an answer said of itself. What did not say anything is not counted
(OpenTelemetry, GenAI metrics: a client that cannot obtain the figures "MUST NOT report" them).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector
from sidecar.telemetry.histogram import Histogram

TOKENS = tuple(4.0**power for power in range(14))
"""OpenTelemetry's boundaries for `gen_ai.client.token.usage`: 1, 4, 16, … 67108864."""


def _histogram() -> Histogram:
    return Histogram(TOKENS)


@dataclass(slots=True)
class TokenStats:
    """Totals of one route since the start."""

    input: Histogram = field(default_factory=_histogram)
    """Tokens of the prompts, those that the provider had in its cache included."""
    output: Histogram = field(default_factory=_histogram)
    """Tokens that were generated, thoughts included: they are billed alike."""
    cached: int = 0
    """The part of the prompts that the provider had in its cache."""

    def see(self, given: int, made: int, cached: int) -> None:
        """Count one answer: tokens of its prompt, tokens generated, those found in a cache."""
        self.input.observe(given)
        self.output.observe(made)
        self.cached += cached


class TokenCollector(StatsCollector[Mapping[tuple[str, str], TokenStats]]):
    """Exports the figures at the time of a scrape. A route whose answers say nothing has none."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, with samples for the routes that were told of tokens."""
        route = ["upstream", "route"]
        usage = HistogramMetricFamily(
            "sidecar_tokens",
            "Tokens of one answer, as it says itself.",
            labels=[*route, "type"],
        )
        cached = CounterMetricFamily(
            "sidecar_tokens_cached", "Tokens of prompts from the provider's cache.", labels=route
        )
        for names, stats in dict(self._get()).items():
            for kind, each in (("input", stats.input), ("output", stats.output)):
                usage.add_metric([*names, kind], each.buckets(), each.sum)
            cached.add_metric(list(names), stats.cached)
        yield from (usage, cached)
