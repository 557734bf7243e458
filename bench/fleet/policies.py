"""What the sidecars of a simulated fleet are set to; those that must fail are there to show it."""

from dataclasses import dataclass
from typing import Literal

from sidecar.config import Breaker, Limit, Pace, Retry, RetryBudget, Upstream

_URL = "https://provider.example"
_UNBOUNDED = RetryBudget(ratio=1, burst=10**9, reserve=10**9)
_NO_BREAKER = Breaker(enabled=False)
_NO_LIMIT = Limit(enforce=False)

Role = Literal["subject", "reference", "control", "other"]
"""What is held to its promise; what it is held against; what must fail, or else the simulation
shows nothing; what is shown beside them."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to set them all."""

    name: str
    upstream: Upstream
    role: Role = "subject"


SHIPPED = Policy("as shipped", Upstream(_URL))

GENTLE = Policy(
    "ramp: 1, ramp_time: 4s",
    Upstream(_URL, breaker=Breaker(ramp=1, ramp_time=4.0)),
    "other",
)
"""What waited at each of many breakers is let go more slowly."""

BUDGET_ALONE = Policy(
    "shipped budget, no breaker, no limit",
    Upstream(_URL, breaker=_NO_BREAKER, limit=_NO_LIMIT),
    "other",
)

FULL = Policy(
    "a budget of 100 in hand, no breaker",
    Upstream(
        _URL,
        retry=Retry(budget=RetryBudget(half_life=10**9)),
        breaker=_NO_BREAKER,
        limit=_NO_LIMIT,
    ),
    "other",
)
"""As retry budgets often are: what is not used stays, and is of the same size for each client."""

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

POLICIES = (SHIPPED, GENTLE, BUDGET_ALONE, FULL, NOTHING, NO_BUDGET)


def paced(limit: float, sidecars: int) -> Policy:
    """Each may use its part of the provider's limit, and no more."""
    pace = Pace(rate=limit / sidecars, burst=2)
    return Policy("as shipped, limit divided", Upstream(_URL, pace=(pace,)))
