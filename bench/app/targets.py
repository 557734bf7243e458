"""What the sidecar is to reach on the workload with its troubles, and whether it does. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bench.app.contenders import EVERY, SHIPPED
from bench.app.figures import Result
from bench.app.spec import Reported


class Goal(NamedTuple):
    """Upper bounds: milliseconds, and percent of 5xx."""

    p50: float
    p95: float
    p99: float
    failed: float


GOALS: Mapping[str, Goal] = {
    SHIPPED: Goal(50, 850, 1800, 0.5),
    EVERY: Goal(45, 500, 1300, 0.1),
}


class Verdict(NamedTuple):
    """One target and what was measured."""

    what: str
    target: str
    measured: str
    met: bool


def verdicts(
    results: Mapping[str, Result], reported: Mapping[str, Reported]
) -> Iterator[tuple[str, Verdict]]:
    """Every target of every contender that has some, with the contender's name."""
    for name, goal in GOALS.items():
        if name in results:
            for verdict in _verdicts(name, goal, results, reported):
                yield name, verdict


def _verdicts(
    name: str, goal: Goal, results: Mapping[str, Result], reported: Mapping[str, Reported]
) -> Iterator[Verdict]:
    mine = results[name]
    for key in ("p50", "p95", "p99"):
        most, value = getattr(goal, key), getattr(mine.overall, key)
        yield Verdict(f"overall {key}", f"<= {most:,.0f} ms", f"{value:,.0f} ms", value <= most)
    share = mine.overall.failed
    yield Verdict("5xx", f"<= {goal.failed:g} %", f"{share:.2f} %", share <= goal.failed)
    slower = [
        f"{endpoint} {mine.endpoints[endpoint].p50:,.0f} > {one.after:,.0f}"
        for endpoint, one in reported.items()
        if endpoint in mine.endpoints and mine.endpoints[endpoint].p50 > one.after
    ]
    count = f"{len(mine.endpoints) - len(slower)} of {len(mine.endpoints)}"
    said = f"{count}; not: {', '.join(slower)}" if slower else count
    yield Verdict("p50 of each endpoint", "below the reported one", said, not slower)
    yield _against_peers(mine, {k: v for k, v in results.items() if k not in GOALS})
    wrong = (mine.duplicates, mine.wrong, mine.stale)
    yield Verdict(
        "duplicates, wrong user, stale", "0, 0, 0", "{}, {}, {}".format(*wrong), wrong == (0, 0, 0)
    )


def _against_peers(mine: Result, peers: Mapping[str, Result]) -> Verdict:
    ahead = [
        f"{name} {key}"
        for name, peer in peers.items()
        for key in ("p50", "p95", "p99", "failed")
        if getattr(peer.overall, key) < getattr(mine.overall, key)
    ]
    said = f"behind in: {', '.join(ahead)}" if ahead else "ahead of all"
    return Verdict("better than every peer", "p50, p95, p99, 5xx", said, not ahead)
