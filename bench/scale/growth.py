"""What is measured at each size, and how it may grow. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.curves import exponent, of_n_log_n

Bound = Literal["log n", "n log n"]
"""`log n` for what one operation costs, so that n of them cost n log n; `n log n` for a total."""

NOISE = 0.12
"""What a fitted exponent may be off by: over three powers of ten, more than a factor of two."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is measured."""

    key: str
    title: str
    unit: str
    bound: Bound


@dataclass(frozen=True, slots=True)
class Dimension:
    """What grows, and what is measured meanwhile."""

    key: str
    title: str
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    figures: tuple[Figure, ...]


Values: TypeAlias = Mapping[int, Mapping[str, float]]
"""What was measured, by size and figure."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a figure grows."""

    figure: Figure
    exponent: float
    """Of the size, by a straight line through the logarithms of all points."""
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether it grows no faster than it may."""
        return self.exponent <= self.allowed


def fit(figure: Figure, values: Values) -> Fit | None:
    """How it grows; None where fewer than two sizes were measured."""
    points = [(n, row[figure.key]) for n, row in sorted(values.items()) if row.get(figure.key)]
    if len(points) < 2:
        return None
    sizes = [n for n, _ in points]
    allowed = of_n_log_n(sizes) if figure.bound == "n log n" else _of_log(sizes)
    return Fit(figure, exponent(points), allowed + NOISE)


def _of_log(sizes: Sequence[int]) -> float:
    return exponent([(n, math.log2(n + 1)) for n in sizes])


DIMENSIONS = (
    Dimension(
        "connections",
        "open connections, up to 32 of them with 100 requests per second",
        (1, 10, 100, 1000, 5000),
        (1, 32, 256),
        (
            Figure("cpu", "CPU per request", "µs", "log n"),
            Figure("open", "CPU per connection with its first request", "µs", "log n"),
            Figure("rss", "memory", "MB", "n log n"),
        ),
    ),
    Dimension(
        "routes",
        "routes of one upstream",
        (3, 10, 30, 100, 300, 1000),
        (3, 30, 300),
        (
            Figure("load", "reading the configuration", "ms", "n log n"),
            Figure("build", "table of routes", "µs", "n log n"),
            Figure("first", "finding the first", "µs", "log n"),
            Figure("last", "finding the last", "µs", "n log n"),
            Figure("memory", "memory of the table", "KB", "n log n"),
        ),
    ),
    Dimension(
        "cache",
        "stored answers, of 200 bytes each",
        (1_000, 10_000, 100_000, 1_000_000),
        (1_000, 10_000, 50_000),
        (
            Figure("hit", "hit", "µs", "log n"),
            Figure("miss", "miss", "µs", "log n"),
            Figure("keep", "store one more, another goes", "µs", "log n"),
            Figure("drop", "drop a tag", "µs", "log n"),
            Figure("memory", "memory", "MB", "n log n"),
        ),
    ),
    Dimension(
        "queue",
        "queued messages, SQLite",
        (1_000, 10_000, 100_000, 1_000_000),
        (1_000, 5_000, 20_000),
        (
            Figure("add", "add (64 at once)", "µs", "log n"),
            Figure("take", "take the next of those due", "µs", "log n"),
            Figure("figures", "count them", "µs", "log n"),
            Figure("memory", "memory", "MB", "n log n"),
            Figure("disk", "disk", "MB", "n log n"),
        ),
    ),
)
