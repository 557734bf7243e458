"""Remembers what was counted of late, in ticks, and adds it up for each window.

Pure and bounded: a tick keeps only what grew in it, 12 bytes for each counter, and the oldest ticks
go when there is too much. What a window holds is kept as a sum, so that a look at it costs no more
than there are counters.
"""

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sidecar.core.summary import Cell, Counts, growth, quantile, row, total

STEP = 5.0
"""Seconds from tick to tick."""

WINDOWS: Mapping[str, float] = {"1m": 60.0, "5m": 300.0, "15m": 900.0}
POINTS = 180
"""Ticks that a curve has: those of 15 minutes."""
MOST_CELLS = 1_000_000
"""What all ticks together keep, at 12 bytes each."""

_SLACK = 0.5
"""Ticks by which a window may be longer than it is called: they never come exactly on time."""


class _Tick(NamedTuple):
    """What grew from one moment to the next."""

    began: float
    ended: float
    cells: "array[int]"
    values: "array[float]"


class Point(NamedTuple):
    """One tick of a curve."""

    rate: float
    errors: int
    p95: float | None


class Window(NamedTuple):
    """What was counted, and in how many seconds."""

    seconds: float
    counts: Counts


@dataclass(slots=True, eq=False)
class _Sum:
    """The ticks of one window, added up."""

    length: float
    ticks: int = 0
    """How many of the latest ticks it holds."""
    values: dict[int, float] = field(default_factory=dict)

    def add(self, tick: _Tick) -> None:
        self.ticks += 1
        for cell, value in zip(tick.cells, tick.values, strict=True):
            self.values[cell] = self.values.get(cell, 0.0) + value

    def drop(self, tick: _Tick) -> None:
        """The oldest leaves."""
        self.ticks -= 1
        for cell, value in zip(tick.cells, tick.values, strict=True):
            left = self.values[cell] - value
            if left < 1e-6:  # sums of seconds are not exact
                del self.values[cell]
            else:
                self.values[cell] = left


class Windows:
    """The last 15 minutes.

    Args:
        counts: totals when it begins: what came before is in no window.
        now: the instant.
        most_cells: how much is kept at the most.
    """

    def __init__(self, counts: Counts, now: float, most_cells: int = MOST_CELLS) -> None:
        self._last = counts
        self._last_at = now
        self._most_cells = most_cells
        self._ticks: deque[_Tick] = deque()
        self._kept = 0
        self._sums = {name: _Sum(length) for name, length in WINDOWS.items()}
        self._numbers: dict[Cell, int] = {}
        self._cells: list[Cell] = []
        self._curves: dict[str, deque[Point]] = {}

    def __repr__(self) -> str:
        return f"<Windows of {len(self._ticks)} ticks, {self._kept} counts>"

    def tick(self, counts: Counts, now: float) -> None:
        """Take in totals; every STEP seconds, or so."""
        grown, began = growth(self._last, counts), self._last_at
        self._last, self._last_at = counts, now
        numbers = array("I", (self._number(cell) for cell in grown))
        tick = _Tick(began, now, numbers, array("d", grown.values()))
        self._ticks.append(tick)
        self._kept += len(numbers)
        self._draw(grown, now - began)
        for each in self._sums.values():
            each.add(tick)
            earliest = now - each.length - _SLACK * STEP
            while each.ticks > 1 and self._oldest_of(each).began < earliest:
                each.drop(self._oldest_of(each))
        self._forget()

    def look(self, name: str, counts: Counts, now: float) -> Window:
        """What a window holds, up to now.

        Args:
            name: one of WINDOWS.
            counts: totals now.
            now: the instant.
        """
        held = self._sums[name]
        found = {self._cells[number]: value for number, value in held.values.items()}
        for cell, value in growth(self._last, counts).items():
            found[cell] = found.get(cell, 0.0) + value
        began = self._oldest_of(held).began if held.ticks else self._last_at
        return Window(now - began, found)

    def curve(self, upstream: str) -> dict[str, Any]:
        """How the figures of an upstream went, tick by tick, oldest first; "" is all of them."""
        points = self._curves.get(upstream, ())
        return {
            "step": STEP,
            "rate": [point.rate for point in points],
            "errors": [point.errors for point in points],
            "p95": [point.p95 for point in points],
        }

    def _number(self, cell: Cell) -> int:
        number = self._numbers.setdefault(cell, len(self._cells))
        if number == len(self._cells):
            self._cells.append(cell)
        return number

    def _oldest_of(self, held: _Sum) -> _Tick:
        return self._ticks[-held.ticks]

    def _forget(self) -> None:
        """Let go of what is in no window, and of what is too much."""
        while len(self._ticks) > 1:
            longest = max(each.ticks for each in self._sums.values())
            if longest >= len(self._ticks) and self._kept <= self._most_cells:
                return
            for each in self._sums.values():
                if each.ticks == len(self._ticks):
                    each.drop(self._ticks[0])
            self._kept -= len(self._ticks.popleft().cells)

    def _draw(self, grown: Counts, seconds: float) -> None:
        apart: dict[str, list[tuple[Cell, float]]] = {"": list(grown.items())}
        for cell, value in grown.items():
            apart.setdefault(cell.upstream, []).append((cell, value))
        for upstream in {*self._curves, *apart}:
            point = _point(apart.get(upstream, []), seconds)
            self._curves.setdefault(upstream, deque(maxlen=POINTS)).append(point)


def _point(counts: list[tuple[Cell, float]], seconds: float) -> Point:
    counted = row(counts)
    p95 = quantile(0.95, counted.get("duration", {}))
    rate = round(total(counted, "calls") / seconds, 3) if seconds > 0 else 0.0
    return Point(rate, int(total(counted, "failed")), None if p95 is None else round(p95, 6))
