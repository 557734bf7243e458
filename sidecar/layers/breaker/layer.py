"""Lets calls through a breaker, has them wait for it within their deadline, and tells it the end.

What is decided is decided in `core/breaker/`. Below what repeats calls: outside of it, an upstream
that fails two attempts of three would never open its breaker.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

from sidecar.clock import Clock
from sidecar.config.breaker import Breaker as BreakerConfig
from sidecar.core.breaker import Breaker, BreakerSet, Permit, Refusal
from sidecar.core.keys import KeyTemplate
from sidecar.core.outcomes import judge_error
from sidecar.errors import DeadlineExceeded, Draining, ExchangeError, Rejected
from sidecar.exchange import SAFE_METHODS, Exchange, Handler, Layer, Response
from sidecar.layers.breaker.held import Answer, Held, Waiting
from sidecar.telemetry.breaker_stats import BreakerStats, Refused

_permit: ContextVar[Permit | None] = ContextVar("breaker_permit", default=None)
"""The permit of the call that this task makes. An Exchange would not do as its place: when a call
is hedged, two attempts of one exchange are under way at once, in a task each."""


class _Reopened(Rejected):
    """The breaker has opened while the call waited for its turn below. Never leaves this module."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; `key` and `config` are the route's, the rest is the upstream's."""

    breakers: BreakerSet
    key: KeyTemplate
    config: BreakerConfig
    """Of it only `hold` and `hold_unsafe`; the breakers have the upstream's."""
    held: Held
    stats: BreakerStats
    clock: Clock


class BreakerLayer:
    """Asks the breaker before each attempt and tells it how the attempt ended."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._breakers = parts.breakers
        self._key = parts.key
        self._config = parts.config
        self._held = parts.held
        self._stats = parts.stats
        self._clock = parts.clock

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on when the breaker lets the call through.

        Raises:
            Rejected: `breaker_open`; it does not, within the time that the call may wait.
        """
        breaker = self._breakers.at(self._key.shortened(exchange), self._clock.now())
        while True:
            now, safe = self._clock.now(), exchange.request.method in SAFE_METHODS
            answer = breaker.admit(now, safe=safe)
            if isinstance(answer, Refusal):
                permit = await self._wait(breaker, exchange, answer, now, safe=safe)
            else:
                permit = answer
            self._stats.unenforced += permit.unenforced
            try:
                return await self._send(exchange, permit)
            except _Reopened:
                continue

    async def _wait(
        self, breaker: Breaker, exchange: Exchange, refusal: Refusal, now: float, *, safe: bool
    ) -> Permit:
        """A permit, where it comes within the time that the call may wait."""
        hold = self._config.hold_of(safe=safe) if exchange.patient else 0.0
        hold -= exchange.timeline.held
        allowance = min(hold, exchange.deadline - now)
        if refusal.is_final(allowance):
            raise self._refusal(breaker, "forced" if refusal.why == "forced" else "at_once")
        answer = await self._hold(breaker, exchange, allowance, safe=safe)
        if isinstance(answer, Draining):
            raise answer
        if not isinstance(answer, Permit):
            raise self._refusal(breaker, "held_too_long" if answer is None else "forced")
        return answer

    async def _hold(
        self, breaker: Breaker, exchange: Exchange, allowance: float, *, safe: bool
    ) -> Answer:
        """Wait in the line, `allowance` seconds at most."""
        began, stats, waiting = self._clock.now(), self._stats, Waiting(safe=safe)
        if not breaker.join(waiting, began):
            raise self._refusal(breaker, "line_full")
        stats.held_now += 1
        try:
            return await self._held.wait(breaker, waiting, allowance)
        finally:
            seconds = self._clock.now() - began
            exchange.timeline.held += seconds
            stats.held += 1
            stats.held_seconds += seconds
            stats.held_now -= 1

    def _refusal(self, breaker: Breaker, why: Refused) -> Rejected:
        self._stats.refuse(why)
        return Rejected(
            "the circuit breaker of the upstream is open",
            code="breaker_open",
            retry_after=breaker.retry_after(self._clock.now()),
        )

    async def _send(self, exchange: Exchange, permit: Permit) -> Response:
        """One attempt; whatever becomes of it, the breaker hears of it."""
        at_upstream, sent_at = exchange.timeline.at_upstream, exchange.timeline.sent_at
        token = _permit.set(permit)
        try:
            response = await self._next(exchange)
        except ExchangeError as error:
            judgement, now = judge_error(error), self._clock.now()
            unanswered = isinstance(error, DeadlineExceeded) and (
                exchange.timeline.sent_at != sent_at
            )
            if judgement.verdict == "ignore" and not unanswered:
                permit.cancel(now)
            else:
                permit.settle(judgement.verdict, now, reason=judgement.reason, answered=False)
            raise
        except BaseException:
            permit.cancel(self._clock.now())
            raise
        finally:
            _permit.reset(token)
        self._settle(permit, response, exchange.timeline.at_upstream - at_upstream)
        return response

    def _settle(self, permit: Permit, response: Response, duration: float) -> None:
        """Vote by the judgement of the head, and perhaps again when the body breaks."""
        judgement, now = response.judgement, self._clock.now()
        if judgement is None:  # the sidecar's own
            permit.cancel(now)
            return
        permit.settle(
            judgement.verdict,
            now,
            reason=judgement.reason,
            wait=judgement.wait,
            duration=duration,
        )
        response.on_close(partial(self._closed, permit))

    def _closed(self, permit: Permit, error: BaseException | None) -> None:
        if isinstance(error, ExchangeError):
            judgement = judge_error(error)
            if judgement.verdict == "failure":
                permit.broke(self._clock.now(), judgement.reason)


@dataclass(frozen=True, slots=True)
class RecheckLayer:
    """Sends a call back to its breaker if that has opened while the call waited for its turn."""

    next: Handler
    clock: Clock

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, unless the permit of this call has become void."""
        permit = _permit.get()
        if permit is not None and not permit.holds(self.clock.now()):
            raise _Reopened("the circuit breaker has opened meanwhile", code="breaker_open")
        return await self.next(exchange)


def breaker(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: BreakerLayer(next_, parts)


def recheck(clock: Clock) -> Layer:
    """The layer below everything that makes calls wait; it belongs to `breaker` above."""
    return lambda next_: RecheckLayer(next_, clock)
