"""Decides whether and when a slow read is asked for a second time, and which answer is good.

Sources: Dean and Barroso, "The Tail at Scale" (CACM 56/2): a second request after the 95th
percentile costs 5 % more load; Finagle's `BackupRequestFilter`: a budget keeps that true when the
upstream becomes slow as a whole. Pure; the layer gives `now` and does the waiting.
"""

from typing import NamedTuple

from sidecar.config.hedge import Hedge
from sidecar.core.budget import Bucket, Budget
from sidecar.core.quantile import Quantiles
from sidecar.core.repetition import is_client_repeating
from sidecar.exchange import Request, Response

_METHODS = frozenset(("GET", "HEAD"))
"""OPTIONS is safe as well, but nobody waits for one."""

_BURST = 5.0
"""Second requests that may be sent at once after a quiet time, and at the start."""

_REFRESH = 0.25
"""Seconds for which a computed delay is used, so that not every call walks the histogram."""

_FINAL = frozenset(("done", "permanent"))
"""Kinds of judgement that the other call would not better."""

_BUSY = frozenset((408, 425, 429))
"""Statuses below 500 by which an upstream puts a call off."""


class Skip(NamedTuple):
    """No second request. The reason is counted."""

    reason: str


def is_candidate(request: Request, attempt: int) -> bool:
    """Whether a call is a read that may be sent twice at the same time.

    A body would have to be read by two senders. After a failure no attempt is doubled: the
    upstream is in trouble, and the client's own repetition (`X-Retry-Count`) says the same.
    """
    return (
        request.method in _METHODS
        and request.body is None
        and attempt == 1
        and not is_client_repeating(request.headers)
    )


def is_good(response: Response) -> bool:
    """Whether an answer is worth ending the other call for: neither a failure nor a refusal.

    By what it was judged to mean; where nobody has judged it, by its status.
    """
    if response.judgement is not None:
        return response.judgement.kind in _FINAL and response.judgement.verdict != "failure"
    return response.status < 500 and response.status not in _BUSY


class Hedging:
    """What one route knows of its reads, and what it may spend on second requests.

    Second requests <= `_BURST` + ratio x reads. Each is also taken from the upstream's budget, so
    repetitions and second requests together stay within that.

    Args:
        config: the route's.
        shared: the upstream's budget of repetitions.
    """

    def __init__(self, config: Hedge, shared: Budget) -> None:
        self._config = config
        self._shared = shared
        self._own = Bucket(config.ratio, _BURST)
        self._reads = Quantiles()
        self._delay: float | None = None
        self._computed_at = float("-inf")

    def __repr__(self) -> str:
        delay = "unknown" if self._delay is None else f"{self._delay:.3f} s"
        return f"<Hedging after {delay}, {self._own.tokens:.2f} tokens>"

    def begin(self, left: float, now: float) -> float | Skip:
        """A read begins: seconds after which it is slow, or why that does not matter.

        Args:
            left: seconds to its deadline.
            now: the instant.
        """
        self._own.deposit()
        delay = self.delay(now)
        if delay is None:
            return Skip("samples")
        return delay if delay < left else Skip("deadline")

    def delay(self, now: float) -> float | None:
        """Seconds after which a read is slow; None while too few were seen to say."""
        if self._config.delay is not None:
            return self._config.delay
        if now - self._computed_at >= _REFRESH or self._delay is None:
            slow = self._reads.quantile(self._config.quantile, now)
            enough = self._reads.count >= self._config.min_samples
            self._delay = max(slow, self._config.min_delay) if slow and enough else None
            self._computed_at = now
        return self._delay

    def observe(self, seconds: float, now: float) -> None:
        """A first request had a good answer after `seconds`, or was ended then as too slow.

        Those that were ended count: without them the slow ones would be missing, and the delay
        would fall with every second request.
        """
        self._reads.observe(seconds, now)

    def admit(self, *, sent: bool, healthy: bool, now: float) -> Skip | None:
        """The delay has passed: why no second request is sent, or None, and it is paid for.

        Args:
            sent: whether the first has left for the upstream; one that waits here would only be
                joined by another that waits.
            healthy: whether the upstream's breaker is closed.
            now: the instant.
        """
        if not sent:
            return Skip("unsent")
        if not healthy:
            return Skip("unhealthy")
        if not self._shared.is_ample(now):  # failures need all that is left
            return Skip("retry_budget")
        if not self._own.withdraw(1.0):
            return Skip("budget")
        self._shared.withdraw(1.0, now)  # it is there: that was asked for first
        return None

    def snapshot(self, now: float) -> dict[str, object]:
        """How it stands, for people."""
        return {
            "delay": self.delay(now),
            "reads": self._reads.snapshot(now),
            "budget": self._own.snapshot(),
        }
