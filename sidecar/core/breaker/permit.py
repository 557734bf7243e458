"""What an admitted call holds: it tells the breaker once how the call ended.

Knows no state and no rule; what a vote means is decided in `circuit.py`.
"""

from typing import Protocol

from sidecar.core.breaker.values import Outcome
from sidecar.judgement import Verdict

FREE = -1
"""The epoch of a permit whose outcome does not count."""


class Owner(Protocol):
    """The breaker, as its permits see it."""

    def settled(self, permit: "Permit", outcome: Outcome, now: float) -> None:
        """The call has ended."""

    def cancelled(self, permit: "Permit", now: float) -> None:
        """The call says nothing."""

    def broken(self, permit: "Permit", now: float, reason: str) -> None:
        """What began well has ended badly."""

    def holds(self, permit: "Permit", now: float) -> bool:
        """Whether the call may still be sent."""


class Permit:
    """The leave to send one call. What belongs to an earlier state of the breaker is dropped."""

    __slots__ = ("_owner", "_stage", "epoch", "lost", "probe", "unenforced")

    def __init__(
        self, owner: Owner, epoch: int, *, probe: bool = False, unenforced: bool = False
    ) -> None:
        self._owner = owner
        self._stage = "out"
        self.epoch = epoch
        """The state of the breaker in which it was given; FREE when its outcome does not count."""
        self.probe = probe
        """Whether this call shows if the upstream is well again."""
        self.lost = False
        """Whether this probe took so long that another one was sent. Written by the breaker."""
        self.unenforced = unenforced
        """Whether it would have been refused, were the breaker enforced."""

    def __repr__(self) -> str:
        kind = "probe" if self.probe else "free" if self.epoch == FREE else "call"
        return f"Permit({kind}, {self._stage}{', lost' if self.lost else ''})"

    def settle(
        self,
        verdict: Verdict,
        now: float,
        *,
        reason: str = "",
        wait: float | None = None,
        duration: float | None = None,
        answered: bool = True,
    ) -> None:
        """The call has ended. Idempotent.

        Args:
            verdict: what it says of the upstream.
            now: the instant.
            reason: the short stable name of the outcome.
            wait: seconds that the upstream asked to be left alone.
            duration: seconds to the first byte of the answer.
            answered: whether there was an answer at all.
        """
        if self._stage != "out":
            return
        self._stage = "failed" if verdict == "failure" else "settled"
        outcome = Outcome(verdict, reason, wait or 0.0, duration or 0.0, answered)
        self._owner.settled(self, outcome, now)

    def cancel(self, now: float) -> None:
        """The call says nothing: it was not sent, or the client left. Idempotent."""
        if self._stage == "out":
            self._stage = "cancelled"
            self._owner.cancelled(self, now)

    def broke(self, now: float, reason: str) -> None:
        """The body of an answer that began well broke: a second vote, at most once."""
        if self._stage == "settled":
            self._stage = "failed"
            self._owner.broken(self, now, reason)

    def holds(self, now: float) -> bool:
        """Whether the call may still be sent, if it had to wait since it was admitted."""
        return self._owner.holds(self, now)
