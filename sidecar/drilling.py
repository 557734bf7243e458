"""The drills of one sidecar: begun and ended here, picked for calls, counted and logged.

What is decided is decided in `core/drills.py`. Knows nothing of what a fault does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import random

from sidecar.clock import Clock
from sidecar.config import drills as config
from sidecar.core.drills import Drill, Drills, Order
from sidecar.exchange import Exchange
from sidecar.telemetry import logs
from sidecar.telemetry.drill_stats import DrillStats


@dataclass(slots=True, eq=False)
class Drilling:
    """The drills of one sidecar: begun and ended here, counted and logged, one for all routes."""

    clock: Clock
    stats: DrillStats
    draw: Callable[[], float] = random
    """Draws evenly from [0, 1)."""
    _drills: Drills = field(init=False, default_factory=Drills)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)

    def start(self, order: Order) -> Drill:
        """Begin a drill; it ends by itself. Call it in the event loop.

        Raises:
            TooManyDrills: there are as many as there may be.
        """
        drill = self._drills.start(order, self.clock.now())
        self.stats.began(order.upstream, order.fault)
        self._log("drill_started", drill, percent=order.percent, seconds=order.lasts)
        self._arm()
        return drill

    def stop(self, drill_id: str) -> Drill | None:
        """End a drill; None if there is none of that id."""
        drill = self._drills.stop(drill_id)
        if drill is not None:
            self._ended("drill_stopped", drill)
        return drill

    def snapshot(self) -> list[dict[str, object]]:
        """Those under way, for people."""
        self._expire()
        return self._drills.snapshot(self.clock.now())

    def choose(self, exchange: Exchange) -> Order | None:
        """What this attempt meets, if anything; counted."""
        if not self._drills:
            return None
        self._expire()
        drill = self._drills.pick(exchange.upstream, exchange.route, self.draw())
        if drill is None:
            return None
        self.stats.hit(drill.order.upstream, drill.order.fault)
        return drill.order

    def close(self) -> None:
        """Forget the timer; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        for drill in self._drills.expire(self.clock.now()):
            self._ended("drill_expired", drill)

    def _ended(self, event: str, drill: Drill) -> None:
        self.stats.ended(drill.order.upstream, drill.order.fault)
        self._log(
            event, drill, injected=self.stats.injected[drill.order.upstream, drill.order.fault]
        )
        self._arm()

    def _arm(self) -> None:
        """Wake when the next drill expires, so that its end is logged also where nobody calls."""
        self.close()
        end = self._drills.next_end()
        if end is not None:
            seconds = max(0.0, end - self.clock.now())
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._expire()
        self._arm()

    def _log(self, event: str, drill: Drill, **more: float) -> None:
        order = drill.order
        logs.event(
            event,
            "warning",
            id=drill.id,
            fault=order.fault,
            upstream=order.upstream,
            route=order.route,
            **more,
        )


def order_of(drill: config.Drill) -> Order:
    """A drill as it is configured, as the decisions take it."""
    return Order(
        drill.fault,
        drill.upstream,
        drill.route or "*",
        drill.percent,
        drill.lasts,
        drill.delay,
        drill.jitter,
    )
