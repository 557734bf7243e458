"""What all collectors share: figures that are counted elsewhere, exported when somebody asks.

Knows how families of metrics are made; nothing of what is counted.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from sidecar.telemetry.histogram import Histogram

_Stats = TypeVar("_Stats")
_Family: TypeAlias = CounterMetricFamily | GaugeMetricFamily
_Names = TypeVar("_Names", bound=str | tuple[str, ...])
"""What figures are of: the value of their label, or those of several."""


class StatsCollector(Collector, Generic[_Stats]):
    """Exports figures at the time of a scrape; a subclass says in `collect` as what.

    Args:
        get: the figures as they are then.
    """

    def __init__(self, get: Callable[[], _Stats]) -> None:
        self._get = get

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not ask for the figures when this is registered."""
        return ()


def figures(family: _Family, stats: Mapping[_Names, object], figure: str) -> Metric:
    """The family with a sample for each of `stats`: its number of that name."""
    for names, each in stats.items():
        family.add_metric(_values(names), getattr(each, figure))
    return family


def counts(family: _Family, stats: Mapping[_Names, object], figure: str) -> Metric:
    """The family with samples for each of `stats`: its numbers by the value of the last label."""
    for names, each in stats.items():
        for value, count in dict(getattr(each, figure)).items():
            family.add_metric([*_values(names), value], count)
    return family


def histograms(
    name: str, text: str, labels: Sequence[str], found: Mapping[tuple[str, ...], Histogram]
) -> Metric:
    """A family of histograms, with the traces that their buckets remember."""
    family = HistogramMetricFamily(name, text, labels=labels)
    for names, each in found.items():
        family.add_metric(list(names), each.marked(), each.sum)
    return family


def _values(names: str | tuple[str, ...]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
