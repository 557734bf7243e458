"""What the sidecars of a simulated fleet are set to; those that must fail are there to show it."""

from dataclasses import dataclass
from typing import Literal

from bench.fleet.simulation import FIRST_BYTE
from sidecar.config import Breaker, Limit, Pace, Retry, RetryBudget, Upstream

_URL = "https://provider.example"
_UNBOUNDED = RetryBudget(ratio=1, burst=10**9, floor=1)
_NO_BREAKER = Breaker(enabled=False)
_NO_LIMIT = Limit(enforce=False)

Role = Literal["subject", "reference", "control"]
"""What is shown; what it is held against; what must fail, or else the simulation shows nothing."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to set them all."""

    name: str
    upstream: Upstream
    role: Role = "subject"


SHIPPED = Policy("as shipped", Upstream(_URL))

FLEET = Policy(
    "for a fleet",
    Upstream(
        _URL,
        retry=Retry(budget=RetryBudget(burst=1, floor=0.0)),
        breaker=Breaker(slow=FIRST_BYTE / 2, slow_rate=0.5, ramp=1, ramp_time=4.0),
    ),
)
"""Hardly any repetition is in hand before it is earned, and a call that timed out costs two: it is
not repeated. Answers that come late open the breaker before they come too late. And what waited at
each of many breakers is let go slowly, or the provider gets all of it at once."""

NOTHING = Policy(
    "no repetition, no breaker, no limit",
    Upstream(_URL, retry=Retry(attempts=1), breaker=_NO_BREAKER, limit=_NO_LIMIT),
    "reference",
)
"""What the provider itself needs until it has worked off what came too late."""

NO_BUDGET = Policy(
    "3 repetitions, no budget, no breaker",
    Upstream(
        _URL,
        retry=Retry(attempts=4, budget=_UNBOUNDED),
        breaker=_NO_BREAKER,
        limit=_NO_LIMIT,
    ),
    "control",
)

NO_BREAKER = Policy(
    "shipped budget, no breaker, no limit",
    Upstream(_URL, breaker=_NO_BREAKER, limit=_NO_LIMIT),
    "control",
)

POLICIES = (SHIPPED, FLEET, NOTHING, NO_BREAKER, NO_BUDGET)


def paced(limit: float, sidecars: int) -> Policy:
    """Each may use its part of the provider's limit, and no more."""
    pace = Pace(rate=limit / sidecars, burst=2)
    upstream = FLEET.upstream
    return Policy(
        "for a fleet, limit divided",
        Upstream(_URL, retry=upstream.retry, breaker=upstream.breaker, pace=(pace,)),
    )
