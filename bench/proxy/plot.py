"""A picture of a run as SVG: each peer's figures beside the sidecar's, which are 1. Pure.

One line for each figure whose less is better, logarithmic: half as much is as far from the middle
as twice as much.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

from bench.figures import DIRECT, Figure, Table, ratio
from bench.peers import SIDECAR

_WIDTH, _LINE = 860, 20
_LEFT, _RIGHT, _TOP, _BOTTOM = 340, 20, 56, 40
_LEAST, _MOST = 1 / 50, 50.0
_TICKS = (
    (1 / 30, "1/30"),
    (0.1, "1/10"),
    (1 / 3, "1/3"),
    (1, "1"),
    (3, "3"),
    (10, "10"),
    (30, "30"),
)
_COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2", "#b8860b", "#555555", "#d02090", "#008b8b")
_FONT = 'font-family="sans-serif" font-size="12"'
_SHOWN = ("cpu", "p50", "rss_after")


def picture(table: Table, figures: Sequence[Figure]) -> str:
    """The SVG of CPU per request, the median latency that is added, and memory."""
    peers = [name for name in table if name not in {DIRECT, SIDECAR}]
    shown = [each for each in figures if _is_shown(each)]
    height = _TOP + _LINE * len(shown) + _BOTTOM
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_FONT}>',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            *_legend(peers),
            *_grid(height),
            *(
                part
                for number, figure in enumerate(shown)
                for part in _row(_TOP + _LINE * number + _LINE / 2, figure, peers, table)
            ),
            "</svg>",
            "",
        ]
    )


def _is_shown(figure: Figure) -> bool:
    kind = figure.key.rpartition("/")[2]
    return kind in _SHOWN and (kind != "p50" or figure.added)


def _legend(peers: Sequence[str]) -> Iterator[str]:
    across = _LEFT
    for peer, colour in zip(peers, _COLOURS, strict=False):
        yield f'<circle cx="{across + 5}" cy="17" r="5" fill="{colour}"/>'
        yield f'<text x="{across + 14}" y="21">{escape(peer)}</text>'
        across += 28 + 7 * len(peer)


def _grid(height: int) -> Iterator[str]:
    low = height - _BOTTOM
    for value, label in _TICKS:
        colour = "#404040" if value == 1 else "#e5e5e5"
        yield f'<path d="M{_x(value):.1f} {_TOP}V{low}" stroke="{colour}"/>'
        yield f'<text x="{_x(value):.1f}" y="{_TOP - 8}" text-anchor="middle">{label}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    said = "times as much as the sidecar; further left is better for the peer"
    yield f'<text x="{middle}" y="{height - 12}" text-anchor="middle">{said}</text>'


def _row(y: float, figure: Figure, peers: Sequence[str], table: Table) -> Iterator[str]:
    yield f'<text x="{_LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(figure.title)}</text>'
    for peer, colour in zip(peers, _COLOURS, strict=False):
        times = ratio(table, figure, peer, SIDECAR)
        if times is not None and times > 0:
            yield f'<circle cx="{_x(times):.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'


def _x(times: float) -> float:
    inside = min(max(times, _LEAST), _MOST)
    part = math.log(inside / _LEAST) / math.log(_MOST / _LEAST)
    return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)
