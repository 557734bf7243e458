"""Decides by itself when a breaker opens, probes and closes. Nobody waits here, nothing is forced.

What was admitted in one state does not count in the next: a late failure neither opens the breaker
again nor keeps it open for longer.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from sidecar.config.breaker import Breaker as BreakerConfig
from sidecar.core.breaker.cooldown import Cooldown
from sidecar.core.breaker.evidence import Evidence
from sidecar.core.breaker.permit import Owner, Permit
from sidecar.core.breaker.probing import Probing
from sidecar.core.breaker.ramp import Ramp, Usual
from sidecar.core.breaker.states import Machine
from sidecar.core.breaker.values import Failure, Outcome, Refusal, State, Transition
from sidecar.core.breaker.window import Window

Notify: TypeAlias = Callable[[Transition], None]


class Circuit:
    """The states of one breaker.

    Args:
        config: the upstream's.
        draw: a random number in [0, 1) each time.
        now: the instant at which it begins, closed.
        notify: hears of every change of the state.
    """

    def __init__(
        self, config: BreakerConfig, draw: Callable[[], float], *, now: float, notify: Notify
    ) -> None:
        self._config = config
        self._notify = notify
        self._window = Window(config)
        self._machine = Machine(lambda: self._window.breach() is not None)
        self._cooldown = Cooldown(config, draw)
        self._evidence = Evidence()
        self._probing = Probing(config, now)
        self._ramp: Ramp | None = None
        self._usual = Usual()
        self._epoch = 0
        """Counts the changes of state; what was admitted in an earlier one does not count."""
        self._since = now
        self._inflight = 0
        self._tripped_by: tuple[Failure, ...] = ()

    def __repr__(self) -> str:
        return f"Circuit({self.state}, {self._inflight} in flight)"

    @property
    def state(self) -> State:
        """What it has come to."""
        return self._machine.state

    def ask(self, owner: Owner, now: float, *, safe: bool) -> Permit | Refusal:
        """Let one call go, or say why not; what became of it is told to `owner`."""
        if self.state == "closed":
            if self._ramp is not None and (wait := self._ramp.wait(self._inflight, now)):
                return Refusal("ramp", wait)
            self._inflight += 1
            return Permit(owner, self._epoch)
        wait = self._probing.wait(now, safe=safe)
        if wait is not None:
            return Refusal("open" if self.state == "open" else "half_open", wait)
        if self.state == "open":
            self._machine.half_open()
            self._begin(now)
            self._notify(Transition("open", "half_open", "cooldown", now))
        permit = Permit(owner, self._epoch, probe=True)
        self._probing.take(permit, now)
        return permit

    def is_current(self, permit: Permit) -> bool:
        """Whether what becomes of the call counts."""
        return permit.epoch == self._epoch

    def settled(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """A current call has ended."""
        if permit.probe:
            self._probed(permit, outcome, now)
        else:
            self._inflight -= 1
            self._count(outcome, now)

    def broken(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """The answer of a current call began well and broke."""
        if permit.probe:  # others were to follow it; they need not be waited for
            self._reopen(outcome, now)
        else:
            self._count(outcome, now)

    def reset(self, now: float) -> None:
        """Be as new."""
        self._machine.close()
        self._cooldown.forget()
        self._evidence.clear()
        self._tripped_by = ()
        self._probing = Probing(self._config, now)
        self._begin(now)

    def to_probe(self, now: float) -> float:
        """Seconds until a call may probe; 0 where none is waited for, or it is due."""
        return max(0.0, self._probing.opens_until - now)

    def is_at_rest(self, now: float) -> bool:
        """Whether it may be forgotten: closed and idle, or left open because no call came."""
        if self.state == "closed":
            return not self._inflight and (self._ramp is None or self._ramp.is_over(now))
        return now - max(self._probing.opens_until, self._since) > self._config.max_open

    def snapshot(self, now: float) -> dict[str, Any]:
        """How it stands, for people. Times are seconds before or after `now`."""
        counts = self._window.counts(now)
        return {
            "seconds_in_state": round(now - self._since, 3),
            "seconds_to_probe": round(self.to_probe(now), 3) if self.state == "open" else None,
            "calls": counts.calls,
            "failures": counts.failures,
            "slow": counts.slow,
            "consecutive": counts.consecutive,
            "failure_rate": round(counts.failure_rate, 3),
            "in_flight": self._inflight,
            "tripped_by": [
                {"reason": failure.reason, "seconds_ago": round(now - failure.at, 3)}
                for failure in self._tripped_by
            ],
        }

    def _probed(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """A lost probe still shows that the upstream answers; not that it fails, another will.

        What does not count otherwise does here: a 4xx shows that it answers, and a call that ended
        at its own deadline without an answer shows that it does not.
        """
        in_turn = self._probing.give_back(permit)
        if outcome.answered is None:
            return
        if self._is_bad(outcome) or not outcome.answered:
            if in_turn:
                self._reopen(outcome, now)
        elif self._probing.succeeded():
            self._machine.success()
            self._cooldown.closes(now)
            self._evidence.clear()
            self._begin(now)
            self._ramp = Ramp(self._config, self._usual.seconds, now)
            self._notify(Transition("half_open", "closed", "recovered", now))

    def _count(self, outcome: Outcome, now: float) -> None:
        if outcome.verdict == "ignore":
            return
        failed, slow = outcome.verdict == "failure", outcome.is_slow(self._config.slow)
        self._window.add(now, failed=failed, slow=slow)
        if not (failed or slow):
            self._machine.success()
            self._answered(outcome.duration, now)
            return
        self._evidence.add(outcome, now)
        breach = self._window.breach()
        self._machine.failure()
        if self.state == "open":
            self._opened("closed", breach or "failure_rate", now)

    def _answered(self, seconds: float, now: float) -> None:
        if self._ramp is None:
            self._usual.add(seconds)
            return
        self._ramp.answered(seconds, now)
        if self._ramp.is_over(now):
            self._ramp = None

    def _reopen(self, outcome: Outcome, now: float) -> None:
        self._evidence.add(outcome, now)
        self._machine.failure()
        self._opened("half_open", "probe", now)

    def _opened(self, before: State, reason: str, now: float) -> None:
        seconds = self._cooldown.opens(now, self._evidence.asked(now))
        self._probing = Probing(self._config, now + seconds)
        self._tripped_by = self._evidence.failures()
        self._begin(now)
        self._notify(Transition(before, "open", reason, now, self._tripped_by))

    def _begin(self, now: float) -> None:
        self._epoch += 1
        self._since = now
        self._inflight = 0
        self._ramp = None
        self._window.clear()

    def _is_bad(self, outcome: Outcome) -> bool:
        return outcome.verdict == "failure" or outcome.is_slow(self._config.slow)
