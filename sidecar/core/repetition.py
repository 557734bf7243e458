"""Decides whether an attempt is followed by another, and after how long.

Pure: the layer brings the outcome, the jittered back-off and `now`, and does the waiting.
"""

from typing import NamedTuple

from sidecar.core.budget import Budget
from sidecar.exchange import SAFE_METHODS, RawHeaders
from sidecar.judgement import Judgement

_TIMEOUT_COST = 2.0
"""A call that timed out has cost the upstream more than one that it refused (AWS SDKs do so), and
is often still being worked on: repeating it is what keeps an overload alive."""


class Call(NamedTuple):
    """What must be known of the request."""

    method: str
    rewindable: bool
    """Whether its body can be sent again."""
    client_repeats: bool
    """Whether the client says that it is itself repeating (`X-Retry-Count` and the like)."""
    harmless: bool = False
    """Whether doing it twice is as good as once: an idempotency key that the upstream honours sees
    to it, or its own words (`core/harmless.py`)."""


class Repeat(NamedTuple):
    """Another attempt, after `wait` seconds."""

    wait: float


class Stop(NamedTuple):
    """No other attempt. The reason is counted; `done` is the only good one."""

    reason: str


class Limits(NamedTuple):
    """What the route allows."""

    attempts: int
    max_wait: float
    """Seconds of Retry-After that are waited for at most."""


def is_client_repeating(headers: RawHeaders) -> bool:
    """SDKs that repeat by themselves say so: Supabase's, OpenAI's and others of its generator.

    Those of the generator count from 0, which is the first call and no repetition.
    """
    for name, value in headers:
        length = len(name)
        if length == 13 and name.lower() == b"x-retry-count":
            return True
        if length == 23 and name.lower() == b"x-stainless-retry-count" and value != b"0":
            return True
    return False


def decide(
    judgement: Judgement,
    call: Call,
    limits: Limits,
    *,
    attempt: int,
    backoff: float,
    left: float,
    budget: Budget,
    now: float,
) -> Repeat | Stop:
    """Repeat, or stop and why.

    Args:
        judgement: what the outcome means.
        call: the request.
        limits: the route's.
        attempt: the number of the attempt that has ended; those that led to another key at once
            are not counted.
        backoff: seconds to wait where the upstream does not ask for more, jittered.
        left: seconds to the deadline.
        budget: the upstream's; taken from as the last condition, so a refusal costs nothing.
        now: the instant.
    """
    if judgement.elsewhere and call.rewindable and left > 0:
        return Repeat(0.0)
    stop = _hindrance(judgement, call, limits, attempt)
    if stop is not None:
        return Stop(stop)
    asked = (judgement.wait or 0.0) * judgement.growth ** (attempt - 1)
    wait = max(backoff, asked)
    if asked > limits.max_wait or wait >= left:
        return Stop("deadline" if wait >= left else "wait_too_long")
    timed_out = judgement.kind != "never_sent" and judgement.reason.endswith("_timeout")
    cost = _TIMEOUT_COST if timed_out else 1.0
    if not budget.withdraw(cost, now):
        return Stop("budget")
    return Repeat(wait)


def _hindrance(judgement: Judgement, call: Call, limits: Limits, attempt: int) -> str | None:
    """Why this outcome of this call is not repeated, whatever the time and the budget."""
    if judgement.kind in ("done", "permanent"):
        return judgement.kind
    if attempt >= min(limits.attempts, judgement.most_attempts or limits.attempts):
        return "attempts"
    if call.client_repeats:
        return "client_repeats"
    if judgement.kind == "ambiguous" and not (call.harmless or call.method in SAFE_METHODS):
        return "not_idempotent"
    return None if call.rewindable else "body"
