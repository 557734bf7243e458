"""Drills, where the configuration allows any: those that it begins by itself, and those by hand."""

from collections import Counter
from collections.abc import Callable
from random import random

from sidecar.clock import Clock
from sidecar.config import Drills as DrillsConfig
from sidecar.core.drills import Order, TooManyDrills
from sidecar.drilling import Drilling, order_of
from sidecar.parts.kept import Kept
from sidecar.telemetry import logs
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
        wanted: list[tuple[Order, int]] = []
        for each in self._config.active:
            order = order_of(each)
            count[order] += 1
            wanted.append((order, count[order]))
        for gone in self._begun.keys() - set(wanted):  # first: they make room
            self.drilling.stop(self._begun.pop(gone))
        for key in wanted:
            if key in self._begun:
                continue
            try:
                self._begun[key] = self.drilling.start(key[0]).id
            except TooManyDrills as error:  # by hand; a reload is past the point of refusing
                logs.event("config_warning", level="warning", warning=f"drills.active: {error}")
                return
