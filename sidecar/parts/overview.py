"""How the whole sidecar does, for people: the last exchanges, the last minutes, and how it is now.

Takes a reading of the metrics every 5 s. What the figures mean is decided in `core/summary.py`.
Outlives a reload.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.clock import Clock
from sidecar.core.summary import Cell, figures, row
from sidecar.core.summary_windows import STEP, Window, Windows
from sidecar.parts.observed import Observed, origin_of, queue_of, standing
from sidecar.tasks import end
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.outcome_stats import OutcomeCollector, Outcomes
from sidecar.telemetry.readings import read
from sidecar.telemetry.recent import Recent
from sidecar.telemetry.record import Sink

_FRESH = 0.5
_SHARE = 20
"""A reading is as good as a new one for half a second, and where it takes long, for 20 times as
long as it took: whoever looks all the time costs 5 % of a processor at the most."""

_log = logging.getLogger("sidecar.fault")
_Grouped = Mapping[tuple[str, str], Sequence[tuple[Cell, float]]]


class Overview:
    """Sees every exchange by its `sinks`, and makes summaries.

    Args:
        metrics: what is read; its own figures are registered there.
        clock: where time comes from.
        observed: the parts, asked each time: a reload may have replaced them.
        about: `version`, `uptime`, `state` and `config` of the summary, asked each time.
    """

    def __init__(
        self,
        metrics: Metrics,
        clock: Clock,
        observed: Callable[[], Observed],
        about: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._observed = observed
        self._about = about
        self.recent = Recent(clock.wall())
        self._outcomes = Outcomes()
        metrics.register(OutcomeCollector(lambda: self._outcomes.stats))
        self._reading = read(metrics.registry)
        self._read_at = clock.now()
        self._took = 0.0
        self._windows = Windows(self._reading, self._read_at)
        self._turn = asyncio.Lock()  # threads are shared with name look-ups: take one at most
        self._ticking: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Overview {self._windows!r}>"

    @property
    def sinks(self) -> Sequence[Sink]:
        """What every exchange that ends is told to."""
        return (self._outcomes, self.recent)

    def start(self) -> None:
        """Begin to take readings."""
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick_on())

    async def close(self) -> None:
        """Take no more."""
        ticking, self._ticking = self._ticking, None
        if ticking is not None:
            await end(ticking)

    async def tick(self) -> None:
        """Take one reading into the windows."""
        async with self._turn:
            await asyncio.to_thread(self._tick)

    async def summary(self, window: str) -> dict[str, Any]:
        """What `GET /admin/summary` says.

        Args:
            window: one of `core.summary_windows.WINDOWS`.
        """
        async with self._turn:
            observed = self._observed()
            counted = await asyncio.to_thread(self._counted, window, observed)
        now = self._clock.now()
        upstreams = [
            {
                "name": name,
                "url": origin_of(each.url),
                **counted["upstreams"][name],
                "inflight": self._metrics.inflight(name).count,
                **standing(name, observed, now),
                "routes": counted["routes"][name],
            }
            for name, each in observed.config.upstreams.items()
        ]
        return {
            "at": round(self._clock.wall(), 3),
            **self._about(),
            "window": counted["window"],
            "total": counted["total"],
            "upstreams": upstreams,
            "queue": queue_of(observed.queueing),
        }

    async def _tick_on(self) -> None:
        while True:
            await self._clock.sleep(STEP)
            try:
                await self.tick()
            except Exception:
                _log.exception("a reading of the metrics failed")

    # What follows runs in a thread, one at a time.

    def _tick(self) -> None:
        self._read()
        self._windows.tick(self._reading, self._read_at)

    def _read(self) -> None:
        began = self._clock.now()
        self._reading = read(self._metrics.registry)
        self._read_at = self._clock.now()
        self._took = self._read_at - began

    def _counted(self, name: str, observed: Observed) -> dict[str, Any]:
        if self._clock.now() - self._read_at > max(_FRESH, _SHARE * self._took):
            self._read()
        window = self._windows.look(name, self._reading, self._read_at)
        grouped = _grouped(window)
        together = _together(grouped)
        return {
            "window": round(window.seconds, 3),
            "total": self._figures("", list(window.counts.items()), window.seconds),
            "upstreams": {
                upstream: self._figures(upstream, together.get(upstream, ()), window.seconds)
                for upstream in observed.config.upstreams
            },
            "routes": {
                upstream: [
                    _of_route(route.name, grouped.get((upstream, route.name), ()), window.seconds)
                    for route in observed.table.routes.get(upstream, ())
                ]
                for upstream in observed.config.upstreams
            },
        }

    def _figures(
        self, upstream: str, counts: Sequence[tuple[Cell, float]], seconds: float
    ) -> dict[str, Any]:
        return {**figures(row(counts), seconds), "series": self._windows.curve(upstream)}


def _grouped(window: Window) -> _Grouped:
    found: dict[tuple[str, str], list[tuple[Cell, float]]] = {}
    for cell, value in window.counts.items():
        found.setdefault((cell.upstream, cell.route), []).append((cell, value))
    return found


def _together(grouped: _Grouped) -> Mapping[str, Sequence[tuple[Cell, float]]]:
    """Of all routes of an upstream."""
    found: dict[str, list[tuple[Cell, float]]] = {}
    for (upstream, _), some in grouped.items():
        found.setdefault(upstream, []).extend(some)
    return found


def _of_route(name: str, counts: Sequence[tuple[Cell, float]], seconds: float) -> dict[str, Any]:
    """The figures of a route; bytes and overhead are counted by upstream only."""
    return {"name": name, **figures(row(counts), seconds), "overhead": None, "bytes": None}
