"""Curves: how fast something grows, and a picture of it. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 40, 50
_COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b8860b", "#555555", "#008b8b", "#d02090")


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a picture."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Axis:
    """What is along one side of a picture."""

    title: str
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value is along it; differences mean something, nothing else does."""
        return math.log10(max(value, 1e-9)) if self.log else value


def exponent(points: Sequence[Point]) -> float:
    """The slope of a straight line through the logarithms: y grows like x to this power.

    Raises:
        ValueError: fewer than two different x, or a value that is not above 0.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x = sum(x for x, _ in logs) / len(logs) if logs else 0.0
    mean_y = sum(y for _, y in logs) / len(logs) if logs else 0.0
    spread = sum((x - mean_x) ** 2 for x, _ in logs)
    if not spread:
        raise ValueError("a slope needs two different x")
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread


def of_n_log_n(sizes: Sequence[float]) -> float:
    """The exponent that n log n shows over these sizes: what a total may grow like."""
    return exponent([(n, n * math.log2(n + 1)) for n in sizes])


def svg(title: str, x: Axis, y: Axis, curves: Sequence[Curve]) -> str:
    """The picture, as a document of its own."""
    frame = _Frame(x, y, [point for curve in curves for point in curve.points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="24" style="font-size: 15px">{escape(title)}</text>',
        *frame.lines(),
    ]
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in map(frame.at, curve.points))
        height = _TOP + 12 + 18 * number
        name = escape(curve.name)
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{height}" fill="{colour}">{name}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


class _Frame:
    """The axes of a picture, and where points are in it."""

    def __init__(self, x: Axis, y: Axis, points: Sequence[Point]) -> None:
        self._x, self._y = x, y
        self._across = _span(x, [px for px, _ in points])
        self._up = _span(y, [py for _, py in points] + ([] if y.log else [0.0]))

    def at(self, point: Point) -> Point:
        """Where it is, in pixels."""
        return self._across_at(point[0]), self._up_at(point[1])

    def _across_at(self, value: float) -> float:
        low, high = self._across
        share = (self._x.place(value) - low) / (high - low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def _up_at(self, value: float) -> float:
        low, high = self._up
        share = (self._y.place(value) - low) / (high - low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def lines(self) -> list[str]:
        """Grid, numbers and titles."""
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        parts = []
        for value in _ticks(self._x, self._across):
            px = self._across_at(value)
            parts.append(
                f'<line x1="{px:.1f}" y1="{_TOP}" x2="{px:.1f}" y2="{bottom}" stroke="#e4e4e4"/>'
                f'<text x="{px:.1f}" y="{bottom + 16}" text-anchor="middle">{_number(value)}</text>'
            )
        for value in _ticks(self._y, self._up):
            py = self._up_at(value)
            parts.append(
                f'<line x1="{_LEFT}" y1="{py:.1f}" x2="{right}" y2="{py:.1f}" stroke="#e4e4e4"/>'
                f'<text x="{_LEFT - 6}" y="{py + 4:.1f}" text-anchor="end">{_number(value)}</text>'
            )
        middle = (_LEFT + right) / 2
        across = escape(self._x.title)
        return [
            *parts,
            f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{across}</text>',
            f'<text x="6" y="{_TOP - 6}">{escape(self._y.title)}</text>',
        ]


def _span(axis: Axis, values: Sequence[float]) -> tuple[float, float]:
    places = [axis.place(value) for value in values] or [0.0]
    low, high = min(places), max(places)
    return (low, high) if high > low else (low, low + 1)


def _ticks(axis: Axis, span: tuple[float, float]) -> list[float]:
    low, high = span
    if axis.log:
        return [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step + 1e-9) + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; numbers to the right."""
    rows = ["| " + " | ".join(row) + " |" for row in (head, *body)]
    return [rows[0], "|---" + "|--:" * (len(head) - 1) + "|", *rows[1:]]
