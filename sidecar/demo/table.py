"""The figures as a table for a terminal: direct beside through the sidecar. Pure.

Says what was counted, and claims nothing.
"""

from collections import Counter

from sidecar.demo.figures import ARMS, OK, Arm, Figures, Row
from sidecar.telemetry.colour import paint

WIDTH = 80
_REASONS = 4


def table(figures: Figures, *, colour: bool = False) -> list[str]:
    """The lines of the table; none is wider than 80 columns."""
    head = _line("", "", _HEAD)
    lines = [paint(head, "bold") if colour else head]
    for subject in figures.subjects:
        for arm in ARMS:
            label = subject if arm == ARMS[0] else ""
            line = _line(label, arm, _cells(figures.rows[subject, arm]))
            lines.append(paint(line, "dim") if colour and arm == "direct" else line)
    return lines


def failures(figures: Figures, subject: str, arm: Arm) -> str:
    """How calls failed, the most frequent first: `8 x broken, 2 x 503`."""
    counted = Counter(figures.rows[subject, arm].outcomes)
    del counted[OK]
    if not counted:
        return "none"
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count} x {outcome}" for outcome, count in ordered[:_REASONS]]
    rest = sum(count for _, count in ordered[_REASONS:])
    return ", ".join([*shown, f"{rest} others"] if rest else shown)


def seconds(value: float | None) -> str:
    """A duration in three digits: `87ms`, `1.23s`, `45.0s`."""
    if value is None:
        return "-"
    if value < 0.9995:
        return f"{value * 1000:.0f}ms"
    return f"{value:.2f}s" if value < 9.995 else f"{value:.1f}s"


_HEAD = ("calls", "p50", "p95", "p99", "slowest", "errors", "new conns")


def _cells(row: Row) -> tuple[str, ...]:
    count = row.durations.count
    return (
        str(count),
        *(seconds(row.durations.quantile(q)) for q in (0.5, 0.95, 0.99)),
        seconds(row.durations.slowest if count else None),
        f"{100 * row.errors:.1f}%" if count else "-",
        "" if row.connections is None else str(row.connections),
    )


def _line(label: str, arm: str, cells: tuple[str, ...]) -> str:
    widths = (7, 8, 8, 8, 9, 8, 10)
    return (
        f"{label:<13}{arm:<8}"
        + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
    )
