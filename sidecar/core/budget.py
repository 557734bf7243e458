"""Decides how much of an upstream's traffic may be repetitions: what its good answers have earned.

Pure; the layer gives `now`. Sources: Google SRE, "Handling Overload" (retry budgets of 10 %); the
AWS SDKs (successes pay, a timeout costs twice as much); Finagle `RetryBudget` (what was paid in
expires, so that a budget is in proportion to the traffic of now and not to the number of clients).
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Budget:
    """What may be repeated: each good answer puts `ratio` in, each repetition takes its cost out.

    It is full at the start, and what is not used fades: after some minutes it is in proportion to
    the traffic, and many sidecars with few calls each have no more in hand together than one with
    all their calls, but for the reserves. In any window, repetitions <= burst + ratio x good
    answers + reserve x (1 + seconds / half_life). An upstream that gives no good answer earns none.
    """

    ratio: float
    burst: float
    """The most that it holds, without the reserve."""
    reserve: float
    """For an upstream with little traffic: it does not fade, and is full again with a good answer
    `half_life` after it was used. Less than a timeout costs, it pays for none."""
    half_life: float
    """Seconds in which half of what is not used fades, and after which the reserve may be back."""
    tokens: float = field(init=False)
    spare: float = field(init=False)
    """What is left of the reserve."""
    _unspent: float = field(init=False)
    """What it would hold if nothing had been taken out."""
    _at: float = field(init=False, default=float("-inf"))
    _due: float = field(init=False, default=float("-inf"))
    """From when on a good answer brings the reserve back."""

    def __post_init__(self) -> None:
        self.tokens = self._unspent = self.burst
        self.spare = self.reserve

    def deposit(self, now: float) -> None:
        """The upstream has answered well."""
        self._fade(now)
        self.tokens = min(self.burst, self.tokens + self.ratio)
        self._unspent = min(self.burst, self._unspent + self.ratio)
        if self.spare < self.reserve and now >= self._due:
            self.spare = self.reserve

    def withdraw(self, cost: float, now: float) -> bool:
        """Take `cost` out for a repetition; False, and nothing taken, when it is not there."""
        self._fade(now)
        if self.tokens >= cost:
            self.tokens -= cost
            return True
        if self.spare < cost:
            return False
        if self.spare == self.reserve:
            self._due = now + self.half_life
        self.spare -= cost
        return True

    def is_ample(self, now: float) -> bool:
        """Whether there is one, and at least half of what there would be without repetitions."""
        self._fade(now)
        return self.tokens + self.spare >= max(1.0, self._unspent / 2)

    def _fade(self, now: float) -> None:
        seconds = now - self._at
        if seconds <= 0.0:
            return
        if self._at > float("-inf"):
            left = 0.5 ** (seconds / self.half_life)
            self.tokens *= left
            self._unspent *= left
        self._at = now

    def snapshot(self) -> dict[str, float]:
        """How it stood at the last call, for people."""
        return {
            "tokens": round(self.tokens + self.spare, 3),
            "burst": self.burst,
            "ratio": self.ratio,
            "reserve": self.reserve,
        }


@dataclass(slots=True)
class Bucket:
    """The plain kind, full at the start: what is taken out <= burst + ratio x deposits."""

    ratio: float
    burst: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def deposit(self) -> None:
        """One more has come."""
        self.tokens = min(self.burst, self.tokens + self.ratio)

    def withdraw(self, cost: float) -> bool:
        """Take `cost` out; False, and nothing taken, when it is not there."""
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def snapshot(self) -> dict[str, float]:
        """How it stands, for people."""
        return {"tokens": round(self.tokens, 3), "burst": self.burst, "ratio": self.ratio}
