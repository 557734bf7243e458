"""What all collectors share: figures that are counted elsewhere, exported when somebody asks."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_Stats = TypeVar("_Stats")


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
