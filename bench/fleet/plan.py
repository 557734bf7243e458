"""What `make bench-fleet` simulates, and what must come of it. Pure but for the simulation."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.fleet import sharing
from bench.fleet.judging import Verdict, judge
from bench.fleet.policies import POLICIES, SHIPPED, Policy, Role, paced
from bench.fleet.provider import Trouble
from bench.fleet.simulation import Outcome, Setting, simulate

CAPACITY = 200.0
LOAD = 0.85
LIMIT = 210.0
"""What the provider takes in one second where it counts: a little more than it can do."""
SECONDS = 130
_AT = 60.0
"""Late enough that each sidecar has earned most of what its traffic ever earns."""
TROUBLES = (Trouble("outage", _AT, 20.0), Trouble("brownout", _AT, 10.0))

STORM = 2.0
"""Requests for each call, from which on it is a storm."""
_SLACK = 3.0
"""Seconds by which a fleet may be later than one that repeats nothing: chance."""
_SOON = 15.0
"""Seconds within which it may be back in any case: what waited at many breakers comes at once."""


@dataclass(frozen=True, slots=True)
class Row:
    """One run."""

    policy: str
    role: Role
    sidecars: int
    trouble: str
    limited: bool
    verdict: Verdict
    goodput: dict[int, float]
    """By second; the share of its calls that were answered well."""


@dataclass(frozen=True, slots=True)
class Found:
    """All runs."""

    rows: list[Row] = field(default_factory=list)
    shared: dict[int, sharing.Cost] = field(default_factory=dict)
    """What a fleet of so many asks of its Redis."""


def run(sizes: tuple[int, ...], policies: tuple[Policy, ...] = POLICIES) -> Found:
    """Simulate everything."""
    found = Found()
    logging.disable(logging.CRITICAL)  # thousands of breakers open
    try:
        for size in sizes:
            print(f"bench: {size} sidecars", file=sys.stderr)
            found.rows.extend(_rows(size, policies))
            found.shared[size] = sharing.cost(sharing.Traffic(size))
    finally:
        logging.disable(logging.NOTSET)
    return found


def _rows(size: int, policies: tuple[Policy, ...]) -> Iterator[Row]:
    for trouble in TROUBLES:
        for policy in policies:
            yield _row(policy, size, trouble, None)
    for policy in (SHIPPED, paced(LIMIT, size)):
        yield _row(policy, size, TROUBLES[0], LIMIT)


def _row(policy: Policy, size: int, trouble: Trouble, limit: float | None) -> Row:
    outcome = simulate(
        Setting(
            sidecars=size,
            upstream=policy.upstream,
            trouble=trouble,
            rate=LOAD * CAPACITY,
            capacity=CAPACITY,
            limit=limit,
            seconds=SECONDS,
        )
    )
    verdict = judge(
        outcome.offered,
        outcome.good,
        outcome.sent,
        outcome.caused,
        outcome.refused,
        trouble=(trouble.at, trouble.until),
        end=SECONDS,
        capacity=CAPACITY,
    )
    shape = _goodput(outcome)
    limited = limit is not None
    return Row(policy.name, policy.role, size, trouble.kind, limited, verdict, shape)


def _goodput(outcome: Outcome) -> dict[int, float]:
    offered, good = outcome.offered, outcome.good
    return {n: round(good[n] / offered[n], 3) for n in range(SECONDS) if offered[n]}


def broken(found: Found) -> list[str]:
    """What is not as it must be, in words."""
    unlimited = [row for row in found.rows if not row.limited]
    reference = {
        (row.sidecars, row.trouble): row.verdict.recovery
        for row in unlimited
        if row.role == "reference"
    }
    wrong = []
    for row in unlimited:
        name = f"{row.policy}, {row.sidecars:,} sidecars, {row.trouble}"
        recovery, amplification = row.verdict.recovery, row.verdict.amplification
        if row.role == "subject":
            latest = max(reference.get((row.sidecars, row.trouble)) or 0.0, _SOON) + _SLACK
            if recovery is None or recovery > latest:
                wrong.append(f"{name}: recovers after {recovery}, not within {latest:g} s")
            if amplification >= STORM:
                wrong.append(f"{name}: {amplification:.1f} requests for a call")
        elif row.role == "control" and row.trouble == "brownout" and recovery is not None:
            wrong.append(f"{name}: recovers, so the simulation shows nothing")
    return wrong
