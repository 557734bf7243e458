"""Finds calls that belong together: many of one shape in a row, and one that follows another.

A row (N+1): calls of one shape, each for another resource, one right after the other or at the
same time. Pure: is told of calls when they end.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sidecar.core.advice.called import Asked
from sidecar.core.advice.shape import Shape
from sidecar.core.keyed import Keyed

T = TypeVar("T")

GAP = 0.05
"""Seconds between the end of a call and the start of the next, where they belong together."""
_OVERLAP = 1.0
"""Seconds by which the next may begin before that end: both are made at the same time."""
LEAST = 4
"""Calls that make a row."""

_MOST_GROUPS = 256
_MOST_IN_A_ROW = 500
_MOST_NEIGHBOURS = 16


@dataclass(slots=True)
class Runs:
    """The rows of one shape."""

    count: int = 0
    calls: int = 0
    """In all of them."""
    longest: int = 0
    seconds: float = 0.0
    """From the start of the first to the end of the last, all together."""
    traced: int = 0
    """Rows within one trace."""
    columns: Counter[str] = field(default_factory=Counter)
    """What differed within the rows."""
    parents: Counter[Shape] = field(default_factory=Counter)
    """What was called right before."""


@dataclass(slots=True)
class Follows:
    """How one shape follows another."""

    count: int = 0
    gap: float = 0.0
    """Seconds between them, all together."""
    traced: int = 0
    same: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Columns of the two that were compared with the same: of the first and of the second."""


@dataclass(slots=True)
class _Run:
    """A row that may go on."""

    asked: Asked
    began: float
    ended: float
    keys: set[int]
    varying: set[str]
    parent: Asked | None


@dataclass(slots=True)
class _Group:
    """The latest of what belongs together."""

    run: _Run | None = None


class Bursts:
    """All groups of an application.

    Args:
        runs: finds the figures of the rows of a call.
        follows: finds the figures of one shape after another.
    """

    def __init__(
        self,
        runs: Callable[[Asked], Runs],
        follows: Callable[[Asked, Asked], Follows],
    ) -> None:
        self._runs = runs
        self._follows = follows
        self._groups: Keyed[int, _Group] = Keyed(lambda _: _Group(), _MOST_GROUPS)

    def __repr__(self) -> str:
        return f"<Bursts of {len(self._groups)} groups>"

    def see(self, asked: Asked, began: float, ended: float) -> None:
        """A call has ended."""
        group = self._groups.get(asked.group)
        run = group.run
        near = run is not None and -_OVERLAP < began - run.ended <= GAP
        if run is not None and near and run.asked.shape == asked.shape and _goes_on(run, asked):
            run.ended = max(run.ended, ended)
            run.keys.add(asked.key)
            run.varying.update(_varying(run.asked, asked))
            return
        before: Asked | None = None
        if run is not None:
            self._over(run)
            if near and began >= run.ended:
                before = run.asked
                if len(run.keys) == 1 and before.shape != asked.shape:
                    self._follow(before, asked, began - run.ended)
        group.run = _Run(asked, began, ended, {asked.key}, set(), before)

    def settle(self) -> None:
        """Count the rows that may still go on, as if they were over."""
        for _, group in self._groups:
            if group.run is not None:
                self._over(group.run)
                group.run = None

    def _follow(self, before: Asked, asked: Asked, gap: float) -> None:
        figures = self._follows(before, asked)
        figures.count += 1
        figures.gap += gap
        figures.traced += asked.traced
        for column, digest in before.operands:
            for other, same in asked.operands:
                if same == digest:
                    _count(figures.same, (column, other))

    def _over(self, run: _Run) -> None:
        if len(run.keys) < LEAST:
            return
        figures = self._runs(run.asked)
        figures.count += 1
        figures.calls += len(run.keys)
        figures.longest = max(figures.longest, len(run.keys))
        figures.seconds += run.ended - run.began
        figures.traced += run.asked.traced
        for column in run.varying:
            _count(figures.columns, column)
        if run.parent is not None:
            _count(figures.parents, run.parent.shape)


def _count(counts: Counter[T], key: T) -> None:
    """One more of what is counted already, or of something new while there is room."""
    if key in counts or len(counts) < _MOST_NEIGHBOURS:
        counts[key] += 1


def _goes_on(run: _Run, asked: Asked) -> bool:
    """Whether it is for another resource: who asks for the same again repeats himself."""
    return asked.key not in run.keys and len(run.keys) < _MOST_IN_A_ROW


def _varying(first: Asked, other: Asked) -> list[str]:
    before = dict(first.operands)
    return [column for column, digest in other.operands if before.get(column) != digest]
