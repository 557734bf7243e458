"""Decides what becomes of a call whose idempotency key was seen before.

Pure: who waits brings a callback, and `now`. Sources: draft-ietf-httpapi-idempotency-key-header
§2.7 (422 for a key with another payload, 409 while the first is under way) and Stripe's API
reference, "Idempotent requests" (the first answer is given out again, an error like any other).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sidecar.core.ledger_key import Fingerprint
from sidecar.exchange import RawHeaders

ENTRY = 512
"""Bytes that a key costs beside its answer, about."""
_MOST_WAITERS = 100
"""Calls that wait for one other; more are refused at once."""

Refusal = Literal["reused", "in_flight", "unknown", "answer_lost"]
"""Why a call is not made and gets no answer of the upstream."""


class Answer(NamedTuple):
    """A complete response of the upstream."""

    status: int
    reason: bytes
    headers: RawHeaders
    body: bytes

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        fields = sum(len(name) + len(value) + 128 for name, value in self.headers)
        return len(self.body) + len(self.reason) + fields


class Outcome(NamedTuple):
    """What became of a call.

    `answered`: it was done, or was told why not, and the answer is here. `answer_lost`: the same,
    but the answer broke off or was too long. `unknown`: it may have been done. `not_done`: it was
    not, or doing it again does no harm; the key counts as never seen.
    """

    kind: Literal["answered", "answer_lost", "unknown", "not_done"]
    answer: Answer | None = None


NOT_DONE = Outcome("not_done")
UNKNOWN = Outcome("unknown")
ANSWER_LOST = Outcome("answer_lost")


@dataclass(slots=True, eq=False)
class Claim:
    """The right to make the one call with this key. It ends with `Ledger.settle`."""

    key: str
    fingerprint: Fingerprint
    waiters: list[Callable[[], None]] = field(default_factory=list)
    """Each is called once when the claim ends; then the ledger is asked again."""


class Send(NamedTuple):
    """Make the call, then settle."""

    claim: Claim


class Wait(NamedTuple):
    """Another call has the key: add a waiter to its claim, and ask again when it is called."""

    claim: Claim


class Replay(NamedTuple):
    """Give this answer."""

    answer: Answer


class Refuse(NamedTuple):
    """Neither call nor answer."""

    why: Refusal


@dataclass(slots=True, eq=False)
class _Past:
    """What is remembered of a call that is over."""

    fingerprint: Fingerprint
    outcome: Outcome
    expires: float

    @property
    def size(self) -> int:
        return ENTRY + (self.outcome.answer.size if self.outcome.answer else 0)


class Ledger:
    """The keys of one upstream.

    At any time one call at most is under way with a key. Where the upstream does not honour keys,
    a call is made again only if the one before was certainly not done. Where it does, a call is
    also made again if nobody here knows whether it was done, or what the answer was: the upstream
    knows.

    Bounded: when `max_size` is reached, the oldest answers go; when none is left, the oldest keys.

    Args:
        keep: seconds that an outcome is remembered.
        max_size: bytes of memory, about.
        honoured: whether the upstream does a call with the same key once only.
    """

    def __init__(self, keep: float, max_size: int, *, honoured: bool) -> None:
        self._keep = keep
        self._max_size = max_size
        self._honoured = honoured
        self._claims: dict[str, Claim] = {}
        self._past: OrderedDict[str, _Past] = OrderedDict()
        self._with_answer: OrderedDict[str, None] = OrderedDict()
        self.size = 0
        """Bytes now, about."""
        self.evicted = 0
        """Answers and keys that went before their time."""

    def __repr__(self) -> str:
        return f"<Ledger {len(self._claims)} in flight, {len(self._past)} past, {self.size} bytes>"

    def go_by(self, keep: float, max_size: int, *, honoured: bool) -> None:
        """Go by other settings from now on; what is remembered is not forgotten for that."""
        self._keep = keep
        self._max_size = max_size
        self._honoured = honoured
        self._shrink()

    def begin(
        self, key: str, fingerprint: Fingerprint, now: float
    ) -> Send | Wait | Replay | Refuse:
        """What to do with a call that has this key."""
        self._expire(now)
        claim = self._claims.get(key)
        if claim is not None:
            if not fingerprint.fits(claim.fingerprint):
                return Refuse("reused")
            return Wait(claim) if len(claim.waiters) < _MOST_WAITERS else Refuse("in_flight")
        past = self._past.get(key)
        if past is not None and past.expires > now:
            step = judge_past(past.fingerprint, past.outcome, fingerprint, honoured=self._honoured)
            if step is not None:
                return step
        self._forget(key)
        claim = self._claims[key] = Claim(key, fingerprint)
        self.size += ENTRY
        return Send(claim)

    def settle(self, claim: Claim, outcome: Outcome, now: float, keep: float | None = None) -> None:
        """The call is over. Idempotent: only the first time counts.

        Args:
            claim: from `Send`.
            outcome: what became of it.
            now: the instant.
            keep: seconds to remember it, where that is not the whole time.
        """
        if self._claims.get(claim.key) is not claim:
            return
        del self._claims[claim.key]
        self.size -= ENTRY
        if outcome.kind != "not_done":
            expires = now + (self._keep if keep is None else keep)
            past = self._past[claim.key] = _Past(claim.fingerprint, outcome, expires)
            self.size += past.size
            if outcome.answer is not None:
                self._with_answer[claim.key] = None
            self._shrink()
        waiters, claim.waiters = claim.waiters, []
        for call in waiters:
            call()

    def snapshot(self) -> dict[str, int]:
        """How it stands, for people."""
        return {
            "in_flight": len(self._claims),
            "past": len(self._past),
            "answers": len(self._with_answer),
            "bytes": self.size,
            "max_bytes": self._max_size,
            "evicted": self.evicted,
        }

    def _expire(self, now: float) -> None:
        """Drop what is over, from the oldest on."""
        while self._past:
            key, past = next(iter(self._past.items()))
            if past.expires > now:
                return
            self._forget(key)

    def _shrink(self) -> None:
        while self.size > self._max_size and self._past:
            self.evicted += 1
            if self._with_answer:
                self._drop_answer(next(iter(self._with_answer)))
            else:
                self._forget(next(iter(self._past)))

    def _drop_answer(self, key: str) -> None:
        past = self._past[key]
        self.size -= past.size
        past.outcome = ANSWER_LOST
        self.size += past.size
        del self._with_answer[key]

    def _forget(self, key: str) -> None:
        past = self._past.pop(key, None)
        if past is not None:
            self.size -= past.size
            self._with_answer.pop(key, None)


def judge_past(
    known: Fingerprint, outcome: Outcome, fingerprint: Fingerprint, *, honoured: bool
) -> Replay | Refuse | None:
    """What an earlier call means for this one; None where this one may be made."""
    if not fingerprint.fits(known):
        return Refuse("reused")
    if outcome.answer is not None:
        return Replay(outcome.answer)
    if honoured or outcome.kind == "not_done":
        return None
    return Refuse("unknown" if outcome.kind == "unknown" else "answer_lost")
