"""Remembers what spoke against the upstream, for people, and how long it asked to be left alone."""

import math
from collections import deque

from sidecar.core.breaker.values import Failure, Outcome

_MOST = 5


class Evidence:
    """The last bad outcomes of one breaker."""

    def __init__(self) -> None:
        self._failures: deque[Failure] = deque(maxlen=_MOST)
        self._asked_until = 0.0

    def __repr__(self) -> str:
        return f"Evidence({', '.join(failure.reason for failure in self._failures)})"

    def add(self, outcome: Outcome, now: float) -> None:
        """One more, bad by its verdict or because it was slow."""
        reason = "slow" if outcome.verdict == "success" else outcome.reason
        self._failures.append(Failure(reason, now))
        if math.isfinite(outcome.wait):  # inf: "not today", which is about a quota
            self._asked_until = max(self._asked_until, now + outcome.wait)

    def asked(self, now: float) -> float:
        """Seconds for which the upstream still wants to be left alone; 0 or less: it does not."""
        return self._asked_until - now

    def failures(self) -> tuple[Failure, ...]:
        """The last of them, oldest first."""
        return tuple(self._failures)

    def clear(self) -> None:
        """Forget everything."""
        self._failures.clear()
        self._asked_until = 0.0
