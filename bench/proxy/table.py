"""A run as text: figures of everyone, the sidecar's ratios, what failed, how noisy it was. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.curves import table as lines_of
from bench.figures import DIRECT, Figure, Round, Table
from bench.peers import SIDECAR
from bench.proxy.measurements import Measurement
from bench.report import aligned, number, of_ratio

Rows = list[list[str]]
_FEW = 5.0
"""New connections to the upstream per 1,000 requests that are nothing to speak of."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that a table is made from."""

    table: Table
    figures: Sequence[Figure]
    measurements: Sequence[Measurement]
    noise: Mapping[str, Sequence[float]]
    """By measurement and connections."""
    repeated: int
    failures: Mapping[str, Mapping[str, Sequence[str]]]
    """Why values are missing, by contender and measurement, once for each."""
    missing: Mapping[str, str]
    """Why a peer was left out."""
    opened: Mapping[str, float]
    """New connections to the upstream per 1,000 requests, at worst, by contender."""
    failed: Mapping[str, float]
    """The share of requests that failed, at worst, by contender."""


def worst(rounds: Sequence[Round], figure: str) -> dict[str, float]:
    """The highest value of a figure over all rounds and measurements, by contender."""
    highest: dict[str, float] = {}
    for one in rounds:
        for name, row in one.items():
            found = [value for key, value in row.items() if key.endswith(f"/{figure}")]
            highest[name] = max([highest.get(name, 0.0), *found])
    return highest


def values(told: Told) -> Rows:
    """The medians of everyone."""
    head = ["", *told.table]
    return [head, *(_row(figure, told.table) for figure in told.figures)]


def _row(figure: Figure, table: Table) -> list[str]:
    found = [row.get(figure.key) for row in table.values()]
    cells = [number(value.median) if value else "-" for value in found]
    return [f"{figure.title}, {figure.unit}", *cells]


def ratios(told: Told) -> Rows:
    """The sidecar's medians over those of each peer."""
    peers = [name for name in told.table if name not in {DIRECT, SIDECAR}]
    body = [
        [figure.title, *(of_ratio(told.table, figure, peer) for peer in peers)]
        for figure in told.figures
    ]
    return [["sidecar / …", *peers], *body]


def plain(told: Told) -> str:
    """For a terminal."""
    parts = [aligned(values(told)), aligned(ratios(told)), *_remarks(told)]
    return "\n\n".join([*parts, aligned(_noise(told))])


def markdown(told: Told, when: str, settings: str, machine: Mapping[str, str], plot: str) -> str:
    """The document of a run; written by the benchmark, not by hand."""
    described = "; ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join(
        [
            f"# Cost of the data path, {when}",
            "",
            "Medians over all rounds; every value is in the JSON beside this file.",
            "",
            *_markdown(values(told)),
            "",
            "Ratios of these medians: below 1 is better for the sidecar, except in throughput.",
            "",
            *_markdown(ratios(told)),
            "",
            f"![CPU, added latency and memory of each peer, the sidecar's being 1]({plot})",
            "",
            *(f"- {remark}" for remark in _remarks(told)),
            f"- {settings}",
            f"- {described}",
            "",
            "What other processes used of the machine:",
            "",
            *_markdown(_noise(told)),
            "",
        ]
    )


def _markdown(rows: Rows) -> list[str]:
    head, *body = rows
    return lines_of(head, body)


def _remarks(told: Told) -> Iterator[str]:
    for name, why in told.missing.items():
        yield f"Left out: {name}: {why}"
    for name, failed in told.failures.items():
        for measurement, reasons in failed.items():
            yield f"Without a value ({len(reasons)}): {name}, {measurement}: {reasons[-1]}"
    shed = [f"{name} {share:.1%}" for name, share in told.failed.items() if share]
    yield f"Requests that failed, of one measurement at worst: {', '.join(shed) or 'none'}"
    many = [f"{name} {value:.0f}" for name, value in told.opened.items() if value > _FEW]
    yield (
        f"New connections to the upstream per 1,000 requests, where more than {_FEW:g}: "
        f"{', '.join(many) or 'nowhere'}"
    )
    every = sorted(share for shares in told.noise.values() for share in shares)
    if every:
        yield (
            f"Other processes used {median(every):.0%} of the machine in the median measurement "
            f"and {every[-1]:.0%} in the worst; {told.repeated} were repeated because of them"
        )


def _noise(told: Told) -> Rows:
    rows = [["", "median", "worst"]]
    for one in told.measurements:
        for count in one.connections:
            shares = told.noise.get(one.key(count))
            if shares:
                title = f"{one.title}, {count} conn."
                rows.append([title, f"{median(shares):.0%}", f"{max(shares):.0%}"])
    return rows
