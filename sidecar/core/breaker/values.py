"""The words of a breaker: its states, what it answers and what it tells of itself."""

from typing import Literal, NamedTuple

from sidecar.judgement import Verdict

State = Literal["closed", "open", "half_open"]
"""What it has come to by itself: traffic flows, nothing passes, one call probes."""

Forced = Literal["open", "closed", "observe"]
"""What somebody has set it to: refuse all, let all through, let all through but keep judging."""

Stage = Literal["closed", "open", "half_open", "forced_open", "forced_closed", "observed"]
"""How it stands for those who look at it: forced, or else its own state."""

Why = Literal["open", "half_open", "ramp", "forced", "line"]
"""Why a call may not go now: open; another one probes; few may go at first after it has closed;
forced open; others have waited for longer."""


class Refusal(NamedTuple):
    """The call may not go now."""

    why: Why
    wait: float | None = None
    """Seconds after which asking again is worth while, where that is known."""

    def is_final(self, allowance: float) -> bool:
        """Whether waiting `allowance` seconds is of no use. Only an open breaker knows that."""
        if allowance <= 0 or self.why == "forced":
            return True
        return self.why == "open" and self.wait is not None and self.wait > allowance


class Failure(NamedTuple):
    """An outcome that spoke against the upstream."""

    reason: str
    at: float


class Transition(NamedTuple):
    """A change of the stage."""

    before: Stage
    after: Stage
    reason: str
    """`consecutive`, `failure_rate`, `slow_rate`, `probe`, `cooldown`, `recovered`, `reset`,
    `expired`, or what somebody gave as the reason of forcing it."""
    at: float
    failures: tuple[Failure, ...] = ()
    """The last failures before it opened, oldest first."""


class Outcome(NamedTuple):
    """How a call ended."""

    verdict: Verdict
    reason: str
    """A short stable name, such as `http_503`."""
    wait: float = 0.0
    """Seconds that the upstream wants to be left alone; 0 where it does not say."""
    duration: float = 0.0
    """Seconds to the first byte of the answer; 0 where nobody measured."""
    answered: bool | None = True
    """Whether there was an answer at all; None where the call was not even sent, or given up."""

    def is_slow(self, bound: float | None) -> bool:
        """Whether its first byte took longer than `bound` seconds."""
        return bound is not None and self.verdict != "ignore" and self.duration > bound
