"""Decides which calls may go to an upstream in trouble: its circuit, the line, what is forced.

Pure: it takes `now` and a source of drawn numbers, and tells of changes by callbacks. Sources:
Nygard, "Release It!"; resilience4j (rates, slow calls, states by hand). Own: it probes early, and
calls may wait in its line instead of failing.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from sidecar.config.breaker import Breaker as BreakerConfig
from sidecar.core.breaker.circuit import Circuit, Notify
from sidecar.core.breaker.force import Force, Hand
from sidecar.core.breaker.line import Line, Ticket
from sidecar.core.breaker.permit import FREE, Permit
from sidecar.core.breaker.values import Forced, Outcome, Refusal, Stage, State, Transition

Alarm: TypeAlias = Callable[["Breaker", float], None]
"""Called with the seconds after which somebody in the line wants `serve` to be called again."""


class Breaker:
    """One breaker and the calls that wait for it.

    Args:
        config: the upstream's.
        draw: a random number in [0, 1) each time.
        now: the instant at which it begins, closed.
        notify: hears of every change of the stage.
        alarm: sets a timer for those who wait; each call replaces the last.
    """

    def __init__(
        self,
        config: BreakerConfig,
        draw: Callable[[], float],
        *,
        now: float,
        notify: Notify = lambda _: None,
        alarm: Alarm = lambda _breaker, _seconds: None,
    ) -> None:
        self._config = config
        self._notify = notify
        self._alarm = alarm
        self._circuit = Circuit(config, draw, now=now, notify=notify)
        self._line = Line(config.max_held)
        self._hand = Hand(self._let_go)

    def __repr__(self) -> str:
        return f"Breaker({self._circuit!r}, {self._hand!r}, {self._line!r})"

    @property
    def state(self) -> State:
        """What it has come to by itself."""
        return self._circuit.state

    def stage(self, now: float) -> Stage:
        """How it stands for those who look at it: forced, or else its state."""
        force = self._hand.at(now)
        return force.stage if force is not None else self.state

    def forced(self, now: float) -> Forced | None:
        """What somebody has set it to. Changes nothing: a scrape asks from another thread."""
        force = self._hand.peek(now)
        return force.to if force is not None else None

    def admit(self, now: float, *, safe: bool) -> Permit | Refusal:
        """Let one call go, unless it is refused or others have waited for longer.

        Args:
            now: the instant.
            safe: whether the call does no harm when it is done twice; such calls probe first.
        """
        if self._line:
            self.serve(now)
            if not self._line.is_next(safe=safe, safe_first=self.state != "closed"):
                return Refusal("line")
        return self._decide(now, safe)

    def join(self, ticket: Ticket, now: float) -> bool:
        """Wait in the line; False if it is full. The ticket may be answered at once."""
        if not self._line.join(ticket):
            return False
        self.serve(now)
        return True

    def leave(self, ticket: Ticket) -> None:
        """Wait no longer. Idempotent."""
        self._line.leave(ticket)

    def serve(self, now: float) -> None:
        """Answer those in the line whose turn has come, and set the alarm for the next."""
        while (ticket := self._line.first(safe_first=self.state != "closed")) is not None:
            answer = self._decide(now, ticket.safe) if ticket.is_waiting() else None
            if isinstance(answer, Refusal) and not answer.is_final(math.inf):
                if answer.wait is not None:
                    self._alarm(self, answer.wait)
                return
            self._line.leave(ticket)
            if answer is not None:
                ticket.answer(answer)

    def force(self, to: Forced, seconds: float, reason: str, now: float) -> None:
        """Set it by hand, for `seconds`. `observe` keeps judging and lets every call through."""
        before = self.stage(now)
        force = self._hand.set(to, seconds, reason, now)
        self._notify(Transition(before, force.stage, force.reason, now))
        self.serve(now)

    def reset(self, now: float) -> None:
        """Be as new: closed, nothing counted, not forced."""
        before = self.stage(now)
        self._hand.clear()
        self._circuit.reset(now)
        if before != "closed":
            self._notify(Transition(before, "closed", "reset", now))
        self.serve(now)

    def retry_after(self, now: float) -> float:
        """Seconds after which a refused call may get through, as far as that is known."""
        force = self._hand.at(now)
        if force is not None and force.to == "open":
            return force.until - now
        return max(self._circuit.to_probe(now), self._config.open)

    def is_at_rest(self, now: float) -> bool:
        """Whether it may be forgotten without harm."""
        return not self._line and self._hand.at(now) is None and self._circuit.is_at_rest(now)

    def snapshot(self, now: float) -> dict[str, Any]:
        """How it stands, for people. Times are seconds before or after `now`."""
        return {
            "state": self.stage(now),
            "enforced": self._config.enforce,
            **self._circuit.snapshot(now),
            "held": len(self._line),
            "forced": self._hand.snapshot(now),
        }

    def settled(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """For permits: the call has ended."""
        if self._circuit.is_current(permit):
            self._circuit.settled(permit, outcome, now)
            if self._line:
                self.serve(now)

    def cancelled(self, permit: Permit, now: float) -> None:
        """For permits: the call says nothing."""
        self.settled(permit, Outcome("ignore", "cancelled", answered=None), now)

    def broken(self, permit: Permit, now: float, reason: str) -> None:
        """For permits: what began well has ended badly."""
        if self._circuit.is_current(permit):
            self._circuit.broken(permit, Outcome("failure", reason), now)
            self.serve(now)

    def holds(self, permit: Permit, now: float) -> bool:
        """For permits: whether the call may still be sent."""
        force = self._hand.at(now)
        if force is not None and force.to == "open":
            return False
        return permit.epoch == FREE or (self._circuit.is_current(permit) and not permit.lost)

    def _decide(self, now: float, safe: bool) -> Permit | Refusal:
        force = self._hand.at(now)
        if force is not None and force.to == "closed":
            return Permit(self, FREE)
        if force is not None and force.to == "open":
            return Refusal("forced", force.until - now)
        answer = self._circuit.ask(self, now, safe=safe)
        observes = force is not None or not self._config.enforce
        if observes and isinstance(answer, Refusal):
            return Permit(self, FREE, unenforced=True)
        return answer

    def _let_go(self, force: Force, now: float) -> None:
        self._notify(Transition(force.stage, self.state, "expired", now))
