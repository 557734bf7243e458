"""The rate limit that a simulated provider enforces: a token bucket. Pure; takes `now`."""

from dataclasses import dataclass, field

from sidecar.demo.workload import RateLimit


@dataclass(slots=True)
class Bucket:
    """Full at first; `limit.per_s` tokens a second come back, up to `limit.burst`."""

    limit: RateLimit
    _tokens: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.limit.burst

    def take(self, now: float) -> bool:
        """Whether one more request at `now` is within the limit; if so, it is counted."""
        gained = (now - self._at) * self.limit.per_s
        self._tokens, self._at = min(self.limit.burst, self._tokens + gained), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
