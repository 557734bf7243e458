"""What `make bench-fleet` found: as Markdown, JSON and pictures. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bench.curves import Axis, Curve, svg, table
from bench.fleet import plan
from bench.fleet.plan import Found, Row
from bench.fleet.real import Measured

_HEAD = ("settings", "sidecars", "before", "during", "back after", "requests per call", "peak")


@dataclass(frozen=True, slots=True)
class Run:
    """Everything, and what it was taken on."""

    found: Found
    real: Measured | None
    """None where it was left out."""
    machine: Mapping[str, str]
    load: tuple[float, float]
    """The machine's load averages before and after."""


def _cells(row: Row) -> list[str]:
    verdict = row.verdict
    back = "never" if verdict.recovery is None else f"{verdict.recovery:.0f} s"
    return [
        row.policy + (" (control)" if row.role == "control" else ""),
        f"{row.sidecars:,}",
        f"{verdict.before:.0%}",
        f"{verdict.during:.0%}",
        back,
        f"{verdict.amplification:.2f}",
        f"{verdict.peak:.2f}",
    ]


def _by_policy(rows: Sequence[Row]) -> list[Row]:
    order = {name: n for n, name in enumerate(dict.fromkeys(row.policy for row in rows))}
    return sorted(rows, key=lambda row: (order[row.policy], row.sidecars))


def lines(run: Run) -> list[str]:
    """The tables, for a terminal as well."""
    parts: list[str] = []
    rows = run.found.rows
    for trouble in plan.TROUBLES:
        chosen = [row for row in rows if row.trouble == trouble.kind and not row.limited]
        title = f"An {trouble.kind}" if trouble.kind == "outage" else f"A {trouble.kind}"
        parts += [f"## {title} of {trouble.seconds:g} s", ""]
        parts += [*table(_HEAD, [_cells(row) for row in _by_policy(chosen)]), ""]
        parts += [f"![](fleet-{trouble.kind}.svg)", ""]
    limited = _by_policy([row for row in rows if row.limited])
    parts += [f"## The same outage, a limit of {plan.LIMIT:g} per second (429)", ""]
    cells = [[*_cells(row), f"{row.verdict.beyond:.1%}"] for row in limited]
    parts += [*table((*_HEAD, "beyond the limit"), cells), ""]
    return [*parts, *_redis(run.found), *_real(run.real)]


def _redis(found: Found) -> list[str]:
    head = ("sidecars", "commands", "messages delivered", "pings", "all", "to the provider")
    body = [
        [
            f"{size:,}",
            f"{cost.commands:.2f}",
            f"{cost.messages:.2f}",
            f"{cost.pings:.2f}",
            f"{cost.total:.2f}",
            f"{cost.fetched:.0%}",
        ]
        for size, cost in found.shared.items()
    ]
    title = "## What one Redis does for each request (500 per second in all, 2 % are writes)"
    return [title, "", *table(head, body), "", "![](fleet-redis.svg)", ""]


def _real(real: Measured | None) -> list[str]:
    if real is None:
        return []
    body = [[name, value] for name, value in real.lines()]
    title = f"## {real.sidecars} processes and a Redis, for real"
    return [title, "", *table(("", "measured"), body), ""]


def markdown(run: Run, now: datetime) -> str:
    """The document."""
    described = "; ".join(f"{name} {value}" for name, value in run.machine.items())
    wrong = plan.broken(run.found)
    return "\n".join(
        [
            f"# A fleet before one provider, {now.date()}",
            "",
            f"The provider serves {plan.CAPACITY:g} requests per second, 0.1 s each; applications",
            f"ask for {plan.LOAD:.0%} of that, whatever the number of sidecars. It never sheds,",
            "and finishes also what nobody waits for any more: the hardest case there is. Seeded.",
            "",
            "*before*, *during*: calls answered well. *back after*: until that is 95 % for good.",
            "*requests per call*: in the worst 5 s. *peak*: the busiest second after the trouble,",
            "as a share of the capacity.",
            "",
            *lines(run),
            *(f"- NOT AS IT MUST BE: {each}" for each in wrong),
            f"- {described}",
            f"- load average {run.load[0]:.1f} before and {run.load[1]:.1f} after",
            "",
        ]
    )


def as_json(run: Run, now: datetime) -> dict[str, Any]:
    """Everything."""
    return {
        "time": now.isoformat(timespec="seconds"),
        "machine": dict(run.machine),
        "load": run.load,
        "rows": [asdict(row) for row in run.found.rows],
        "redis": {size: asdict(cost) for size, cost in run.found.shared.items()},
        "real": asdict(run.real) if run.real is not None else None,
        "wrong": plan.broken(run.found),
    }


def pictures(run: Run) -> Iterator[tuple[str, str]]:
    """Name and picture: goodput over time of the largest fleet, and the load of the Redis."""
    most = max(run.found.shared)
    for trouble in plan.TROUBLES:
        curves = [
            Curve(row.policy, [(float(n), share) for n, share in row.goodput.items()])
            for row in run.found.rows
            if (row.sidecars, row.trouble, row.limited) == (most, trouble.kind, False)
        ]
        title = f"{most:,} sidecars, {trouble.kind} from {trouble.at:g} to {trouble.until:g} s"
        yield trouble.kind, svg(title, Axis("seconds"), Axis("calls answered well"), curves)
    kinds = ("commands", "messages", "pings", "total", "fetched")
    curves = [
        Curve(kind, [(float(n), getattr(cost, kind)) for n, cost in run.found.shared.items()])
        for kind in kinds
    ]
    curves = [Curve(each.name, [(x, y) for x, y in each.points if y > 0]) for each in curves]
    across, up = Axis("sidecars", log=True), Axis("for each request", log=True)
    yield "redis", svg("One Redis, 500 requests per second in all", across, up, curves)
