"""Figures of URLs in answers: plain integers that the returned-URLs layer increments.

They are exported when somebody asks, so counting costs the hot path nothing more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector


@dataclass(slots=True)
class ReturnedUrlStats:
    """Totals of one route since the start."""

    headers: int = 0
    """Header fields that were changed."""
    bodies: int = 0
    """URLs in bodies that were changed."""
    too_long: int = 0
    """Bodies that were not looked at, because they are longer than 1 MiB."""
    unreadable: int = 0
    """Bodies that were not looked at: an unknown content coding, or no JSON after all."""


_FIGURES = {
    "sidecar_returned_urls": (
        "URLs in answers that were made to lead through the sidecar.",
        "place",
        {"header": "headers", "body": "bodies"},
    ),
    "sidecar_returned_urls_unseen": (
        "Bodies of answers in which no URLs were looked for.",
        "reason",
        {"too_long": "too_long", "unreadable": "unreadable"},
    ),
}


class ReturnedUrlCollector(StatsCollector[Mapping[tuple[str, str], ReturnedUrlStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for each figure, one sample for each route and kind."""
        routes = dict(self._get())
        for metric, (text, label, fields) in _FIGURES.items():
            family = CounterMetricFamily(metric, text, labels=["upstream", "route", label])
            for names, stats in routes.items():
                for value, field in fields.items():
                    family.add_metric([*names, value], getattr(stats, field))
            yield family
