"""Decides what the outcome of one attempt makes of a delivery.

Pure: times are seconds since the epoch, because deliveries outlive the process; what is random was
drawn already. Invariants: what may have been sent is never sent again unless that is harmless or
the configuration says so; an outcome that nobody knows is never taken for one that is known.
"""

import math
from typing import Literal, NamedTuple

from sidecar.config.queue import Queue, UnknownPolicy
from sidecar.core.delivery_schedule import wait_after
from sidecar.core.outcomes import judge_error
from sidecar.errors import DownstreamError, Draining, ExchangeError, NeverSent, Rejected
from sidecar.judgement import Judgement

_HINDERED = 1.0
"""Seconds until what was not let out is tried again, where nothing better is known."""

Why = Literal["permanent", "attempts", "expired", "unknown"]


class Delivered(NamedTuple):
    """The upstream has done it."""

    reason: str


class Again(NamedTuple):
    """Another attempt, not before `at`."""

    at: float
    reason: str
    resting: float | None = None
    """Seconds for which the upstream takes nothing more, because its breaker is open."""


class Failed(NamedTuple):
    """A dead letter: it is not tried again unless somebody says so."""

    reason: str
    why: Why


class Unknown(NamedTuple):
    """The upstream may have done it, and nobody knows."""

    reason: str


Fate = Delivered | Again | Failed | Unknown


class Attempted(NamedTuple):
    """What must be known of the delivery and of the attempt that has ended."""

    attempts: int
    """That were begun, this one included. What was not let out was not begun."""
    expires: float
    sent: bool
    """Whether a byte may have left for the upstream."""
    harmless: bool
    """Whether it may be done twice: the upstream honours its idempotency key."""
    drawn: float = 0.0
    """A random number in [0, 1)."""


def of_judgement(judgement: Judgement, made: Attempted, queue: Queue, now: float) -> Fate:
    """What an answer of the upstream makes of the delivery.

    What the upstream asks to wait (`Retry-After`, `RetryInfo`, 4^n of Meta) is waited, whatever
    the schedule says; a wait that ends after the delivery expires ends it now.
    """
    if judgement.kind == "done":
        return Delivered(judgement.reason)
    if judgement.kind == "permanent":
        return Failed(judgement.reason, "permanent")
    if judgement.kind == "ambiguous" and not made.harmless:
        return of_doubt(judgement.reason, made, queue, now)
    return _again(judgement, made, queue, now)


def of_error(error: ExchangeError, made: Attempted, queue: Queue, now: float) -> Fate:
    """What it makes of the delivery that there is no answer."""
    if isinstance(error, DownstreamError):
        return _of_refusal(error, made, queue, now)
    judgement = judge_error(error)
    if made.sent and error.sent:
        if made.harmless:
            return _again(judgement, made, queue, now)
        return of_doubt(error.code, made, queue, now)
    if isinstance(error, NeverSent) and judgement.kind == "never_sent":
        return _again(judgement, made, queue, now)
    if error.code in ("tls_error", "internal_error"):  # nothing was sent, and it may be mended
        return _again(judgement, made, queue, now)
    asked = error.retry_after if isinstance(error, Rejected) else None
    wait = 0.0 if isinstance(error, Draining) else max(_HINDERED, asked or 0.0)
    resting = wait if error.code == "breaker_open" else None
    return _unless_late(Again(now + wait, error.code, resting), made)


def of_doubt(reason: str, made: Attempted, queue: Queue, now: float) -> Fate:
    """What becomes of a delivery that may have been done: `queue.unknown` says.

    Also of one whose attempt was cut off by a crash: begun, as the spool says, and never ended.
    """
    policy: UnknownPolicy = "retry" if made.harmless else queue.unknown
    if policy == "hold":
        return Unknown(reason)
    if policy == "fail":
        return Failed(reason, "unknown")
    return _again(Judgement("ignore", "ambiguous", reason), made, queue, now)


def _of_refusal(error: DownstreamError, made: Attempted, queue: Queue, now: float) -> Fate:
    """What the ledger says of the idempotency key, or another fault of the request itself."""
    if error.code == "idempotency_in_flight":
        return _unless_late(Again(now + _HINDERED, error.code), made)
    if error.code == "idempotency_answer_lost":
        return Delivered(error.code)
    if error.code == "idempotency_unknown":
        return Unknown(error.code) if queue.unknown == "hold" else Failed(error.code, "unknown")
    return Failed(error.code, "permanent")


def _again(judgement: Judgement, made: Attempted, queue: Queue, now: float) -> Fate:
    if made.attempts >= queue.attempts:
        return Failed(judgement.reason, "attempts")
    asked = (judgement.wait or 0.0) * judgement.growth ** min(max(made.attempts - 1, 0), 64)
    if math.isinf(asked):  # "not today"
        return Failed(judgement.reason, "permanent")
    wait = max(wait_after(queue.schedule, made.attempts, made.drawn), asked)
    return _unless_late(Again(now + wait, judgement.reason), made)


def _unless_late(again: Again, made: Attempted) -> Fate:
    """Expired now, if it would be by then; where the route rests, only when its time has come."""
    if again.at < made.expires:
        return again
    if again.resting is not None:
        return again._replace(at=made.expires)
    return Failed(again.reason, "expired")
