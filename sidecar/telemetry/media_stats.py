"""Figures of the media memory: plain integers that its layers increment, exported at a scrape."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar.telemetry.collector import StatsCollector

UploadResult = Literal["deduplicated", "remembered", "failed", "unusual", "long", "crowded"]
"""What became of an upload: answered with an earlier id; sent and remembered; sent without getting
an id; sent unread because its form is unusual, it is too long or of unknown length, or too many
others were being read."""
UrlResult = Literal["renewed", "failed"]


@dataclass(slots=True)
class MediaStats:
    """Totals of one API since the start."""

    uploads: dict[UploadResult, int] = field(default_factory=dict)
    urls: dict[UrlResult, int] = field(default_factory=dict)
    """URLs that had grown old, and whether there was a new one."""

    def uploaded(self, result: UploadResult) -> None:
        """One upload."""
        self.uploads[result] = self.uploads.get(result, 0) + 1

    def renewed(self, result: UrlResult) -> None:
        """One URL that was to be renewed."""
        self.urls[result] = self.urls.get(result, 0) + 1


class MediaCollector(StatsCollector[Mapping[str, MediaStats]]):
    """Exports the figures at the time of a scrape."""

    def collect(self) -> Iterable[Metric]:
        """One family for uploads, one for URLs; one sample for each API and result."""
        labels = ["upstream", "result"]
        uploads = CounterMetricFamily("sidecar_media_uploads", "Uploads of files.", labels=labels)
        urls = CounterMetricFamily(
            "sidecar_media_urls", "URLs of files that were to be renewed.", labels=labels
        )
        for upstream, stats in dict(self._get()).items():
            for uploaded, count in dict(stats.uploads).items():
                uploads.add_metric([upstream, uploaded], count)
            for renewed, count in dict(stats.urls).items():
                urls.add_metric([upstream, renewed], count)
        yield from (uploads, urls)
