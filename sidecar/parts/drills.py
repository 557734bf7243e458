"""Drills, where the configuration allows any: those that it begins by itself, and those by hand."""

from collections import Counter
from collections.abc import Callable
from random import random

from sidecar.clock import Clock
from sidecar.config import Drills as DrillsConfig
from sidecar.core.drills import Order
from sidecar.drilling import Drilling, order_of
from sidecar.parts.kept import Kept
from sidecar.telemetry.drill_stats import DrillStats


class Drills:
    """The drills of one configuration. Those under way go on in the next one that allows any.

    Args:
        config: what is allowed, and what begins by itself.
        clock: where time comes from.
        kept: what the configuration before has left.
        draw: a random number in [0, 1) each time.
    """

    def __init__(
        self,
        config: DrillsConfig,
        clock: Clock,
        kept: Kept,
        draw: Callable[[], float] = random,
    ) -> None:
        self._config = config
        self.stats = kept.totals("drills", "", DrillStats)
        self.drilling: Drilling | None = kept.shared(
            "drilling",
            "",
            config.allowed,
            lambda: Drilling(clock, self.stats, draw) if config.allowed else None,
        )
        self._begun: dict[tuple[Order, int], str] = kept.shared("begun", "", config.allowed, dict)
        """The ids of those that the configuration has begun, also if they have ended since."""

    def __repr__(self) -> str:
        return f"<Drills {self.drilling!r}>"

    def begin(self) -> None:
        """Begin what the configuration names and the one before did not; end what it did."""
        if self.drilling is None:
            return
        count: Counter[Order] = Counter()
        wanted: set[tuple[Order, int]] = set()
        for each in self._config.active:
            order = order_of(each)
            count[order] += 1
            wanted.add((order, count[order]))
            if (order, count[order]) not in self._begun:
                self._begun[order, count[order]] = self.drilling.start(order).id
        for gone in self._begun.keys() - wanted:
            self.drilling.stop(self._begun.pop(gone))
