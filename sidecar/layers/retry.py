"""Makes attempts until one is worth passing on: waits, begins again.

What is decided is decided in `core/repetition.py`; what a response means was judged below. If no
repetition is allowed, or none gets through, the last answer of the upstream goes back as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import random
from typing import NamedTuple

import backoff

from sidecar.clock import Clock
from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.core.harmless import is_harmless
from sidecar.core.outcomes import judge_error, leaves_last_answer
from sidecar.core.repetition import Call, Limits, Repeat, Stop, decide, is_client_repeating
from sidecar.dialects import plain
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.judgement import Judgement
from sidecar.peeked import copied
from sidecar.telemetry.retry_stats import RetryStats

_FINAL = ("done", "permanent")
"""Kinds of judgement that no repetition would better. From an upstream that is well, such an
answer pays for repetitions of others."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; the budget is the upstream's, the rest the route's."""

    config: Retry
    budget: Budget
    stats: RetryStats
    clock: Clock
    draw: Callable[[], float] = random
    """A random number in [0, 1) each time."""


class _Outcome(NamedTuple):
    """How an attempt ended: with a response, or with an error."""

    judgement: Judgement
    response: Response | None = None
    error: ExchangeError | None = None
    sent: bool = True
    """Whether the attempt got so far as to write to the upstream."""
    repeated: bool = False
    """Whether there were attempts before it."""


class _Answer(NamedTuple):
    """An answer of the upstream that was worth a repetition."""

    response: Response
    judgement: Judgement
    first_byte_at: float


class RetryLayer:
    """Repeats the calls of one route where that does no harm."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._config = parts.config
        self._budget = parts.budget
        self._stats = parts.stats
        self._clock = parts.clock
        self._draw = parts.draw
        self._limits = Limits(parts.config.attempts, parts.config.max_wait)

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The first response that is not worth repeating, or the last one."""
        waits: Iterator[float] | None = None
        last: _Answer | None = None
        repeated, elsewhere = False, 0
        while True:
            sent_before = exchange.timeline.sent_at
            try:
                response = await self._next(exchange)
            except ExchangeError as error:
                sent = exchange.timeline.sent_at != sent_before
                outcome = _Outcome(judge_error(error), error=error, sent=sent, repeated=repeated)
            else:
                judgement = plain.judged(response, exchange.request.method, self._clock.wall())
                if judgement.kind in _FINAL and judgement.verdict != "failure":
                    self._budget.deposit(self._clock.now())
                if judgement.kind == "done":
                    self._stats.ended(judgement, "done", repeated=repeated)
                    return response
                outcome = _Outcome(judgement, response, repeated=repeated)
            waits = waits or _waits(self._config, self._draw)
            attempt = exchange.attempt - elsewhere
            decision = self._decide(exchange, outcome.judgement, attempt, next(waits))
            if isinstance(decision, Stop):
                return self._end(exchange, outcome, decision.reason, last)
            if outcome.response is not None:
                last = _kept(exchange, outcome.response, outcome.judgement)
                outcome.response.close()
            elsewhere += outcome.judgement.elsewhere
            exchange.timeline.in_doubt |= outcome.judgement.kind == "ambiguous"
            self._stats.repeated(outcome.judgement.reason)
            await self._begin_again(exchange, decision)
            repeated = True

    def _end(
        self, exchange: Exchange, outcome: _Outcome, reason: str, last: _Answer | None
    ) -> Response:
        """Pass the outcome on: the response, or the error that took its place."""
        error = outcome.error
        if error and last and leaves_last_answer(error, sent=outcome.sent):
            self._stats.ended(last.judgement, error.code, repeated=outcome.repeated)
            exchange.timeline.first_byte_at = last.first_byte_at
            return last.response
        self._stats.ended(outcome.judgement, reason, repeated=outcome.repeated)
        if outcome.error is not None:
            raise outcome.error
        assert outcome.response is not None
        return outcome.response

    def _decide(
        self, exchange: Exchange, judgement: Judgement, attempt: int, wait: float
    ) -> Repeat | Stop:
        request, now = exchange.request, self._clock.now()
        call = Call(
            method=request.method,
            rewindable=request.body is None or request.body.rewindable,
            client_repeats=is_client_repeating(request.headers),
            harmless=exchange.repeatable or is_harmless(self._config.harmless, request),
        )
        return decide(
            judgement,
            call,
            self._limits,
            attempt=attempt,
            backoff=wait,
            left=exchange.deadline - now,
            budget=self._budget,
            now=now,
        )

    async def _begin_again(self, exchange: Exchange, decision: Repeat) -> None:
        await self._clock.sleep(decision.wait)
        exchange.timeline.backoff += decision.wait
        exchange.timeline.first_byte_at = 0.0
        if exchange.request.body is not None:
            exchange.request.body.rewind()
        exchange.attempt += 1


def _kept(exchange: Exchange, response: Response, judgement: Judgement) -> _Answer | None:
    """The answer that is given up for a repetition, where all of it is in memory."""
    copy = copied(response, bodyless=exchange.request.method == "HEAD")
    first_byte_at = exchange.timeline.first_byte_at
    return None if copy is None else _Answer(copy, judgement, first_byte_at)


def _waits(config: Retry, draw: Callable[[], float]) -> Iterator[float]:
    """Exponential back-off with full jitter: a random part of base, 2 x base, … cap."""
    steps = backoff.expo(base=2, factor=config.base, max_value=config.cap)
    next(steps)  # the generator wants to be started
    for step in steps:
        yield step * draw()


def retry(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: RetryLayer(next_, parts)
