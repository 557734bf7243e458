"""What applications saw, second by second, and whether a fault explains what went wrong.

Latencies are not judged: other work of the machine is in them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.journal import Call, Journal

GRACE = 4.0
"""Seconds after a fault, and after the sidecar is well again, in which calls begun in it may end
badly; such a call lasts up to its deadline."""


@dataclass(slots=True)
class Fault:
    """Something that was done on purpose."""

    name: str
    began: float
    ended: float | None = None
    well_at: float | None = None
    """When calls succeeded again."""

    def explains(self, began: float, ended: float) -> bool:
        """Whether a call of that time may have failed because of it."""
        if ended < self.began:
            return False
        return self.well_at is None or began <= self.well_at + GRACE


class Seen(Journal):
    """The journal of real clients; `faults` says when something was done."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self.faults: list[Fault] = []
        self.begun: Counter[int] = Counter()
        self.errors: Counter[int] = Counter()
        """By second: 5xx, and calls that ended without an answer."""
        self.by_fault: Counter[str] = Counter()
        self.unexplained: list[str] = []

    def begins(self, call: Call) -> None:
        super().begins(call)
        self.begun[int(call.began)] += 1

    def head(self, call: Call, status: int, error: str) -> None:
        call.status = status
        self.counts[f"status {status}"] += 1
        if status >= 500:
            self._failed(call, f"{status} {error}")

    def left(self, call: Call, why: str) -> None:
        super().left(call, why)
        if why != "timeout":  # by its own choice
            self._failed(call, why)
        self.calls.pop(call.number, None)

    def _failed(self, call: Call, what: str) -> None:
        now = self.now()
        self.errors[int(now)] += 1
        for fault in reversed(self.faults):
            if fault.explains(call.began, now):
                self.by_fault[f"{fault.name}: {what}"] += 1
                return
        self.unexplained.append(f"{now:.2f} call {call.number} ({call.kind}): {what}")
