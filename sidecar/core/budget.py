"""Decides how much of an upstream's traffic may be repetitions.

A token bucket over time: an outage is not answered with more load. Pure; the layer gives `now`.
Sources: Google SRE, "Handling Overload" (retry budgets of 10 %); Finagle `RetryBudget` (the floor).
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Budget:
    """What may be repeated: each call puts `ratio` in, each repetition takes its cost out.

    In any window, repetitions <= burst + ratio x calls + floor x seconds.
    """

    ratio: float
    burst: float
    floor: float
    """Put in each second, so that an upstream with little traffic has a budget at all."""
    tokens: float = field(init=False)
    _filled_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def deposit(self, now: float) -> None:
        """A call begins."""
        self._fill(now)
        if self.tokens < self.burst:
            self.tokens = min(self.burst, self.tokens + self.ratio)

    def withdraw(self, cost: float, now: float) -> bool:
        """Take `cost` out for a repetition; False, and nothing taken, when it is not there."""
        self._fill(now)
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def _fill(self, now: float) -> None:
        if self.tokens < self.burst and self._filled_at is not None:
            gained = max(0.0, now - self._filled_at) * self.floor
            self.tokens = min(self.burst, self.tokens + gained)
        self._filled_at = now

    def snapshot(self) -> dict[str, float]:
        """How it stands, for people."""
        return {"tokens": round(self.tokens, 3), "burst": self.burst, "ratio": self.ratio}
