"""What `make bench-scale` found: for the terminal, as Markdown, JSON and pictures. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from bench.curves import Axis, Curve, svg, table
from bench.scale.growth import DIMENSIONS, NOISE, Dimension, Fit, Values, fit
from bench.scale.start import LONGEST, Start


@dataclass(frozen=True, slots=True)
class Run:
    """All figures of one run."""

    found: Mapping[str, Values]
    """By dimension."""
    starts: Sequence[Start]
    machine: Mapping[str, str]
    load: tuple[float, ...]
    """The machine's load averages over 1, 5 and 15 minutes, before and after."""


def fits(run: Run) -> list[tuple[Dimension, Fit]]:
    """How everything grows."""
    return [
        (dimension, found)
        for dimension in DIMENSIONS
        for figure in dimension.figures
        if (found := fit(figure, run.found.get(dimension.key, {}))) is not None
    ]


def holds(run: Run) -> bool:
    """Whether nothing grows faster than it may, and the start is short enough."""
    return all(found.holds for _, found in fits(run)) and _starts_in_time(run)


def _starts_in_time(run: Run) -> bool:
    return not run.starts or median(each.wall for each in run.starts) <= LONGEST


def start_line(run: Run) -> str:
    """How long the start takes, and whether that is short enough."""
    walls = sorted(each.wall for each in run.starts)
    cpu = median(each.cpu for each in run.starts)
    verdict = "" if _starts_in_time(run) else f": MORE than {LONGEST:g} s"
    return (
        f"start to /health/ready: {median(walls):.2f} s in the median of {len(walls)} "
        f"({walls[0]:.2f}-{walls[-1]:.2f}), {cpu:.2f} s of CPU{verdict}"
    )


def _rows(run: Run, dimension: Dimension) -> Iterator[list[str]]:
    values = run.found[dimension.key]
    yield ["", *(f"{size:,}" for size in values), "exponent", "allowed"]
    for figure in dimension.figures:
        found = fit(figure, values)
        cells = [_cell(row.get(figure.key)) for row in values.values()]
        grows = (
            []
            if found is None
            else [
                f"{found.exponent:.2f}" + ("" if found.holds else " FAILED"),
                f"{found.allowed:.2f}",
            ]
        )
        yield [f"{figure.title}, {figure.unit}", *cells, *grows]


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"


def plain(run: Run) -> str:
    """For a terminal."""
    lines: list[str] = []
    for dimension in DIMENSIONS:
        if run.found.get(dimension.key):
            rows = list(_rows(run, dimension))
            widths = [max(len(row[n]) for row in rows if n < len(row)) for n in range(len(rows[0]))]
            lines += [
                dimension.title,
                *(
                    "  ".join(
                        cell.rjust(width) if n else cell.ljust(width)
                        for n, (cell, width) in enumerate(zip(row, widths, strict=False))
                    )
                    for row in rows
                ),
                "",
            ]
    if run.starts:
        lines.append(start_line(run))
    return "\n".join([*lines, _load(run)])


def _load(run: Run) -> str:
    before, after = run.load[0], run.load[3]
    busy = " (a busy machine)" if max(before, run.load[1]) > 1.0 else ""
    return f"load average {before:.1f} before and {after:.1f} after{busy}"


def markdown(run: Run, now: datetime) -> str:
    """The tables, with how they are to be read."""
    lines = [f"# How cost grows, {now.date()}", ""]
    for dimension in DIMENSIONS:
        if run.found.get(dimension.key):
            head, *body = _rows(run, dimension)
            title = dimension.title[0].upper() + dimension.title[1:]
            picture = f"![](scale-{dimension.key}.svg)"
            lines += [f"## {title}", "", *table(head, body), "", picture, ""]
    described = "; ".join(f"{name} {value}" for name, value in run.machine.items())
    return "\n".join(
        [
            *lines,
            "The exponent is the slope of a straight line through the logarithms: 1 is in",
            "proportion to the size, 0 is not at all. Allowed is what n log n shows over the same",
            f"sizes, and log n for what one operation costs, with {NOISE} for noise.",
            "",
            *([f"- {start_line(run)}"] if run.starts else []),
            f"- {described}",
            f"- {_load(run)}",
            "",
        ]
    )


def as_json(run: Run, now: datetime) -> dict[str, Any]:
    """Everything."""
    return {
        "time": now.isoformat(timespec="seconds"),
        "machine": dict(run.machine),
        "load": run.load,
        "found": run.found,
        "fits": [
            {
                "dimension": dimension.key,
                "figure": found.figure.key,
                "exponent": round(found.exponent, 3),
                "allowed": round(found.allowed, 3),
                "holds": found.holds,
            }
            for dimension, found in fits(run)
        ],
        "starts": [each._asdict() for each in run.starts],
    }


def pictures(run: Run) -> Iterator[tuple[str, str]]:
    """A name and a picture for each dimension: each figure by what it is at the smallest size."""
    for dimension in DIMENSIONS:
        values = run.found.get(dimension.key)
        if not values:
            continue
        curves = []
        for figure in dimension.figures:
            points = [
                (float(n), row[figure.key])
                for n, row in sorted(values.items())
                if figure.key in row
            ]
            first = next((y for _, y in points if y > 0), 1.0)
            name = f"{figure.title} ({first:.3g} {figure.unit})"
            curves.append(Curve(name, [(x, y / first) for x, y in points if y > 0]))
        across = Axis(dimension.title, log=True)
        up = Axis("times as much as at the smallest size", log=True)
        yield dimension.key, svg(f"Cost against {dimension.title}", across, up, curves)
