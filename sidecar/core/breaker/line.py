"""The calls that wait for a breaker: in order, bounded in number, no waiting in itself.

Calls that do no harm when they fail make the better probes, so that those may come first.
"""

from collections import OrderedDict
from typing import Protocol

from sidecar.core.breaker.permit import Permit
from sidecar.core.breaker.values import Refusal


class Ticket(Protocol):
    """One call that waits."""

    @property
    def safe(self) -> bool:
        """Whether its method is (RFC 9110 §9.2.1)."""

    def is_waiting(self) -> bool:
        """Whether it still wants an answer."""

    def answer(self, answer: Permit | Refusal) -> None:
        """It may go, or need not wait any longer."""


class Line:
    """First come, first served."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._came = 0
        self._safe: OrderedDict[Ticket, int] = OrderedDict()
        self._unsafe: OrderedDict[Ticket, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._safe) + len(self._unsafe)

    def __bool__(self) -> bool:
        return bool(self._safe or self._unsafe)

    def __repr__(self) -> str:
        return f"Line({len(self._safe)} safe, {len(self._unsafe)} others)"

    def join(self, ticket: Ticket) -> bool:
        """Wait at the end; False, and not waiting, if the line is full."""
        if len(self) >= self._most:
            return False
        self._came += 1
        (self._safe if ticket.safe else self._unsafe)[ticket] = self._came
        return True

    def leave(self, ticket: Ticket) -> None:
        """Wait no longer. Idempotent."""
        (self._safe if ticket.safe else self._unsafe).pop(ticket, None)

    def first(self, *, safe_first: bool) -> Ticket | None:
        """Whose turn it is."""
        safe = next(iter(self._safe), None)
        unsafe = next(iter(self._unsafe), None)
        if safe is None or unsafe is None:
            return safe or unsafe
        return safe if safe_first or self._safe[safe] < self._unsafe[unsafe] else unsafe

    def is_next(self, *, safe: bool, safe_first: bool) -> bool:
        """Whether a call that comes now has nobody before it."""
        return not len(self) or (safe_first and safe and not self._safe)
