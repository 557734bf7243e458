"""A picture of a run as SVG: the share of requests that take longer than so many milliseconds.

Both axes are logarithmic, so that the median and the slow end are seen in one picture. Pure.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 34, 46
_FASTEST, _SLOWEST = 10.0, 20_000.0
_LEAST, _ALL = 0.001, 1.0
_FONT = 'font-family="sans-serif" font-size="12"'
_COLOURS = ("#8c8c8c", "#c2410c", "#a16207", "#2563eb", "#047857")
_TIMES = (10, 30, 100, 300, 1_000, 3_000, 10_000)
_SHARES = (
    (1.0, "100 %"),
    (0.5, "50 %"),
    (0.1, "10 %"),
    (0.05, "5 %"),
    (0.01, "1 %"),
    (0.001, "0.1 %"),
)


def picture(milliseconds: Mapping[str, Sequence[float]]) -> str:
    """The SVG of each contender's requests, in the mapping's order."""
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_FONT}>',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            *_grid(),
            *_curves(milliseconds),
            "</svg>",
            "",
        ]
    )


def _x(milliseconds: float) -> float:
    inside = min(max(milliseconds, _FASTEST), _SLOWEST)
    part = math.log(inside / _FASTEST) / math.log(_SLOWEST / _FASTEST)
    return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    part = math.log(max(share, _LEAST) / _LEAST) / math.log(_ALL / _LEAST)
    return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)


def _grid() -> Iterator[str]:
    right, low = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for value in _TIMES:
        label = f"{value / 1000:g} s" if value >= 1000 else f"{value} ms"
        yield f'<path d="M{_x(value):.1f} {_TOP}V{low}" stroke="#e5e5e5"/>'
        yield f'<text x="{_x(value):.1f}" y="{low + 18}" text-anchor="middle">{label}</text>'
    for share, label in _SHARES:
        yield f'<path d="M{_LEFT} {_y(share):.1f}H{right}" stroke="#e5e5e5"/>'
        yield f'<text x="{_LEFT - 6}" y="{_y(share) + 4:.1f}" text-anchor="end">{label}</text>'
    middle = (_LEFT + right) / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">takes longer than</text>'


def _curves(milliseconds: Mapping[str, Sequence[float]]) -> Iterator[str]:
    across = _LEFT
    for (name, values), colour in zip(milliseconds.items(), _COLOURS, strict=False):
        points = " ".join(f"{_x(value):.1f},{_y(share):.1f}" for value, share in _steps(values))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield f'<rect x="{across}" y="12" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{across + 14}" y="21">{escape(name)}</text>'
        across += 34 + 7 * len(name)


def _steps(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Values with the share that is longer; at most some 200 of them, evenly in the picture."""
    ordered = sorted(values)
    count = len(ordered)
    seen = -1
    for step in range(201):
        share = _ALL * (_LEAST / _ALL) ** (step / 200)
        index = min(count - 1, int((1 - share) * count))
        if index != seen:
            seen = index
            yield ordered[index], share
