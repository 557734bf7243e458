"""Decides how many calls may go at once after a breaker has closed.

Those who waited must not all fall on an upstream that has only just come back, and perhaps those of
many sidecars at once. As TCP's slow start: each answer lets one more through, and hardly one when
answers take longer than usual, because then others wait at the upstream (as in TCP Vegas).
"""

from sidecar.config.breaker import Breaker as BreakerConfig

_SLOW = 2.0
"""Times the usual, from which on an answer shows that calls queue at the upstream."""
_CREEP = 0.1
"""What a whole round of slow answers adds: it may be slower for good."""
_STEPS = 4
"""How often the bound doubles in `ramp_time` where no answer comes that could say anything."""
_MOST = 10_000.0
_SAMPLES = 100


class Usual:
    """How long good answers take when all is well: a mean, exponential after 100 of them."""

    __slots__ = ("_count", "seconds")

    def __init__(self) -> None:
        self.seconds: float | None = None
        """None until an answer was seen."""
        self._count = 0

    def __repr__(self) -> str:
        return f"Usual({self.seconds})"

    def add(self, seconds: float) -> None:
        """One more answer; 0 seconds where nobody measured."""
        if seconds <= 0.0:
            return
        self._count += self._count < _SAMPLES
        usual = self.seconds or 0.0
        self.seconds = usual + (seconds - usual) / self._count


class Ramp:
    """The bound on calls in flight; it is over when nobody had to wait for `ramp_time` seconds.

    Args:
        config: the breaker's.
        usual: seconds that an answer takes when all is well; None where that is not known.
        now: the instant of closing.
    """

    def __init__(self, config: BreakerConfig, usual: float | None, now: float) -> None:
        self._bound = float(config.ramp)
        self._slow = float("inf") if usual is None else _SLOW * usual
        self._seconds = config.ramp_time
        self._until = now + config.ramp_time
        self._step = config.ramp_time / _STEPS
        self._heard_at = now
        """The last answer, or the last doubling without one."""

    def __repr__(self) -> str:
        return f"Ramp({self._bound:.1f})"

    def is_over(self, now: float) -> bool:
        """Whether there is no bound any more."""
        return now >= self._until

    def wait(self, inflight: int, now: float) -> float | None:
        """None if one more may go; else the seconds until it may if no answer comes."""
        if now >= self._until:
            return None
        while self._bound < _MOST and now >= self._heard_at + self._step:
            self._bound *= 2
            self._heard_at += self._step
        if inflight + 1 <= self._bound:
            return None
        self._until = now + self._seconds
        return self._heard_at + self._step - now

    def answered(self, seconds: float, now: float) -> None:
        """One call was answered well, after so many seconds."""
        self._heard_at = now
        self._bound += 1.0 if seconds <= self._slow else _CREEP / self._bound
