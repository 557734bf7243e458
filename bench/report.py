"""The table of a run: for the terminal, and as Markdown. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.figures import Figure, Table, Value, ratio
from bench.peers import SIDECAR


class Shown(NamedTuple):
    """What a table shows."""

    figures: Sequence[Figure]
    compared: Sequence[str]
    """The peers that the sidecar's ratios are to."""
    title: str


def rows(table: Table, shown: Shown) -> list[list[str]]:
    """Title, a cell for each peer, and the sidecar's ratios."""
    head = ["", *table, *(f"{SIDECAR} / {peer}" for peer in shown.compared)]
    body = []
    for figure in shown.figures:
        title = f"{figure.title}, {figure.unit}"
        cells = [_cell(table[peer].get(figure.key)) for peer in table]
        ratios = [of_ratio(table, figure, peer) for peer in shown.compared]
        body.append([title, *cells, *ratios])
    return [head, *body]


def _cell(value: Value | None) -> str:
    if value is None:
        return "-"
    if value.low == value.high:
        return number(value.median)
    return f"{number(value.median)} ({number(value.low)}-{number(value.high)})"


def number(value: float) -> str:
    """Three digits or so."""
    if abs(value) >= 1000:
        return f"{round(value, -2):,.0f}"
    return f"{value:.0f}"


def of_ratio(table: Table, figure: Figure, peer: str) -> str:
    """The sidecar's figure over that of a peer."""
    found = ratio(table, figure, SIDECAR, peer)
    return "-" if found is None else f"{found:.2f}"


def plain(table: Table, shown: Shown) -> str:
    """For a terminal."""
    return aligned(rows(table, shown))


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """A table for a terminal; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def markdown(
    table: Table,
    machine: Mapping[str, str],
    noise: Sequence[float],
    settings: str,
    when: str,
    shown: Shown,
) -> str:
    """The table with what it was taken on; written by the benchmark, not by hand."""
    head, *body = rows(table, shown)
    lines = ["| " + " | ".join(line) + " |" for line in (head, *body)]
    lines.insert(1, "|---" + "|--:" * (len(head) - 1) + "|")
    described = "; ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join(
        [
            f"# {shown.title}, {when}",
            "",
            "Medians over all rounds (lowest-highest). Ratios are of medians.",
            "",
            *lines,
            "",
            f"- {settings}",
            f"- {described}",
            f"- {disturbance(noise)}",
            "",
        ]
    )


def disturbance(noise: Sequence[float]) -> str:
    """How noisy the machine was."""
    ordered = sorted(noise)
    middle, worst = ordered[len(ordered) // 2], ordered[-1]
    return (
        f"Other processes used {middle:.0%} of the machine in the median measurement "
        f"and {worst:.0%} in the worst"
    )
