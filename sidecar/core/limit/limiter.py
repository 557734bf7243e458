"""Decides which calls may be in flight at an upstream, which wait, and which are refused.

Pure: it never waits. Whoever waits on behalf of a ticket asks `decided` whom to wake.
Sources: RFC 8289 (wait bounded by time, not by length); B. Maurer, "Fail at Scale", ACM Queue 2015
(adaptive LIFO); N. Bronson et al., "Metastable Failures in Distributed Systems", HotOS 2021.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.config.limit import Limit, Priority
from sidecar.core.limit.gradient import Gradient
from sidecar.core.limit.queue import Queue, Reason, Refusal, Ticket
from sidecar.core.limit.signs import Quickest

_GiveBack = Callable[[float, float | None, bool], None]


@dataclass(slots=True, eq=False)
class Permit:
    """The right to be in flight, until it is given back."""

    _give_back: _GiveBack | None = field(repr=False)
    beyond: bool = False
    """Whether it would have had to wait, were the limit enforced."""

    def release(
        self, now: float, first_byte: float | None = None, *, dropped: bool = False
    ) -> None:
        """Give it back; once, further calls do nothing.

        Args:
            now: the instant.
            first_byte: seconds from the request to the first byte, where they are a measure.
            dropped: whether the upstream was too slow, or refused because of its load.
        """
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(now, first_byte, dropped)


class Limiter:
    """The calls in flight at one upstream, and those that wait.

    While `enforce` holds, nothing is granted at the limit or above it, no call waits while there
    is room, and every ticket ends: by a permit, by a refusal, or because it is abandoned.
    """

    def __init__(self, config: Limit) -> None:
        self._config = config
        adaptive = config.mode == "adaptive"
        self._gradient = Gradient(config.initial, config.min, config.inflight) if adaptive else None
        self._queue = Queue()
        self._quickest = Quickest()
        self._decided: list[Ticket] = []
        self.limit = self._gradient.limit if self._gradient else config.inflight
        """The limit in force."""
        self.inflight = 0

    def __repr__(self) -> str:
        return f"<Limiter {self.inflight} of {self.limit} in flight, {self.waiters} waiting>"

    @property
    def waiters(self) -> int:
        """Calls that wait."""
        return len(self._queue)

    def admit(
        self,
        now: float,
        priority: Priority = "interactive",
        lane: str = "",
        left: float = float("inf"),
    ) -> Permit | Ticket | Refusal:
        """Let a call through, let it wait, or refuse it.

        Args:
            now: the instant.
            priority: interactive calls go before batch calls.
            lane: calls of different lanes take turns.
            left: seconds to the call's deadline.
        """
        if self.inflight < self.limit or not self._config.enforce:
            return self._grant(beyond=self.inflight >= self.limit)
        patience, late = self._patience(now, left)
        if patience <= 0:
            return Refusal(late)
        if len(self._queue) >= self._config.max_waiters:
            displaced = self._queue.displace(priority, lane)
            if displaced is None:
                return Refusal("full")
            self._decide(displaced, Refusal("displaced"))
        ticket = Ticket(priority, lane, now, patience, late)
        self._queue.add(ticket)
        return ticket

    def expire(self, ticket: Ticket) -> Permit | Refusal:
        """The patience of `ticket` is over: what became of it, a refusal unless it was decided."""
        if ticket.outcome is None:
            self._queue.remove(ticket)
            ticket.outcome = Refusal(ticket.late)
        return ticket.outcome

    def abandon(self, ticket: Ticket, now: float) -> None:
        """Nobody waits for `ticket` any more; a permit that it was given goes to the next."""
        if ticket.outcome is None:
            self._queue.remove(ticket)
            ticket.outcome = Refusal(ticket.late)
        elif isinstance(ticket.outcome, Permit):
            ticket.outcome.release(now)

    def decided(self) -> list[Ticket]:
        """Tickets that were decided on since this was asked last: wake whoever waits for them."""
        decided, self._decided = self._decided, []
        return decided

    def _patience(self, now: float, left: float) -> tuple[float, Reason]:
        """How long a call may wait, and why it is refused after that."""
        longest = self._config.max_wait
        if longest <= 0:
            return 0.0, "full"
        spare = left - self._quickest.seconds(now)
        return (spare, "deadline") if spare < longest else (longest, "timeout")

    def _grant(self, *, beyond: bool = False) -> Permit:
        self.inflight += 1
        return Permit(self._released, beyond)

    def _decide(self, ticket: Ticket, outcome: Permit | Refusal) -> None:
        ticket.outcome = outcome
        self._decided.append(ticket)

    def _released(self, now: float, first_byte: float | None, dropped: bool) -> None:
        if first_byte is not None:
            self._quickest.observe(now, first_byte)
        if self._gradient is not None:
            self._gradient.observe(now, self.inflight, first_byte, dropped=dropped)
            self.limit = self._gradient.limit
        self.inflight -= 1
        while self.inflight < self.limit and (ticket := self._queue.take(now)) is not None:
            if now - ticket.since <= ticket.patience:
                self._decide(ticket, self._grant())
            else:
                self._decide(ticket, Refusal(ticket.late))

    def snapshot(self, now: float) -> dict[str, float | int | str | bool]:
        """How it stands, for people."""
        state: dict[str, float | int | str | bool] = {
            "mode": self._config.mode,
            "enforced": self._config.enforce,
            "limit": self.limit,
            "inflight": self.inflight,
            "waiters": self.waiters,
            "batch_waiters": self._queue.count("batch"),
            "standing": self._queue.is_standing(now),
        }
        if self._gradient is not None:
            state["usual_first_byte"] = round(self._gradient.usual, 4)
        return state
