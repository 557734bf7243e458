"""Makes attempts until one is worth passing on: judges, waits, begins again.

What is decided is decided in `core/repetition.py` and in the dialects. If no repetition is allowed,
the last answer of the upstream goes back as it is.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import backoff

from sidecar.clock import Clock
from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.core.judgement import Judgement
from sidecar.core.outcomes import judge_error
from sidecar.core.repetition import Call, Limits, Repeat, Stop, decide, is_client_repeating
from sidecar.dialects import Dialect
from sidecar.dialects.body import decoded
from sidecar.dialects.plain import DONE
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.peeked import Peeked, peek
from sidecar.telemetry.retry_stats import RetryStats

_PEEK = 64 * 1024
"""Bytes of an error's body that a dialect sees."""

_PEEK_SECONDS = 1.0
"""How long they may take; after that it is judged by what has come."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; the budget is the upstream's, the rest the route's."""

    config: Retry
    dialect: Dialect
    budget: Budget
    stats: RetryStats
    clock: Clock
    reads_streams: bool = False
    """Whether a 200 stream is passed on only after its first frame was judged."""


class _Outcome(NamedTuple):
    """How an attempt ended: with a response, or with an error."""

    judgement: Judgement
    response: Response | None = None
    error: ExchangeError | None = None


class RetryLayer:
    """Repeats the calls of one route where that does no harm."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._config = parts.config
        self._dialect = parts.dialect
        self._budget = parts.budget
        self._stats = parts.stats
        self._clock = parts.clock
        self._reads_streams = parts.reads_streams
        self._limits = Limits(parts.config.attempts, parts.config.max_wait)

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The first response that is not worth repeating, or the last one."""
        self._budget.deposit(self._clock.now())
        waits: Iterator[float] | None = None
        while True:
            outcome = await self._attempt(exchange)
            if outcome.judgement.kind == "done":
                return self._end(exchange, outcome, "done")
            waits = waits or _waits(self._config)
            decision = self._decide(exchange, outcome.judgement, next(waits))
            if isinstance(decision, Stop):
                return self._end(exchange, outcome, decision.reason)
            if outcome.response is not None:
                outcome.response.close()
            self._stats.repeated(outcome.judgement.reason)
            await self._begin_again(exchange, decision)

    async def _attempt(self, exchange: Exchange) -> _Outcome:
        try:
            response = await self._next(exchange)
        except ExchangeError as error:
            return _Outcome(judge_error(error), error=error)
        try:
            return _Outcome(await self._judge(exchange, response), response)
        except BaseException as error:
            response.close(error)
            raise

    def _end(self, exchange: Exchange, outcome: _Outcome, reason: str) -> Response:
        """Pass the outcome on: the response, or the error that took its place."""
        self._stats.ended(exchange.attempt, outcome.judgement, reason)
        if outcome.error is not None:
            raise outcome.error
        assert outcome.response is not None
        return outcome.response

    async def _judge(self, exchange: Exchange, response: Response) -> Judgement:
        """What the response means; its body stays whole."""
        method, status = exchange.request.method, response.status
        beginning = b""
        if self._reads_streams and status == 200 and _is_event_stream(response):
            return await self._judge_stream(response)
        if status >= 400 and method != "HEAD":
            try:
                async with asyncio.timeout(_PEEK_SECONDS):
                    beginning = await peek(response, _PEEK)
            except (TimeoutError, ExchangeError):
                beginning = response.body.beginning if isinstance(response.body, Peeked) else b""
        wall = self._clock.wall()
        return self._dialect.judge(method, status, response.headers, beginning, wall)

    async def _judge_stream(self, response: Response) -> Judgement:
        """What a stream begins with: some providers answer 200 and then say that they cannot."""

        def judged(data: bytes) -> Judgement | None:
            return self._dialect.first_frame(decoded(response.headers, data))

        data = await peek(response, _PEEK, lambda seen: judged(seen) is not None)
        return judged(data) or DONE

    def _decide(self, exchange: Exchange, judgement: Judgement, wait: float) -> Repeat | Stop:
        request, now = exchange.request, self._clock.now()
        call = Call(
            method=request.method,
            rewindable=request.body is None or request.body.rewindable,
            client_repeats=is_client_repeating(request.headers),
        )
        return decide(
            judgement,
            call,
            self._limits,
            attempt=exchange.attempt,
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


def _is_event_stream(response: Response) -> bool:
    return any(
        name.lower() == b"content-type" and value.lower().startswith(b"text/event-stream")
        for name, value in response.headers
    )


def _waits(config: Retry) -> Iterator[float]:
    """Exponential back-off with full jitter: a random part of base, 2 x base, … cap."""
    steps = backoff.expo(base=2, factor=config.base, max_value=config.cap)
    next(steps)  # the generator wants to be started
    for step in steps:
        yield backoff.full_jitter(step)


def retry(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: RetryLayer(next_, parts)
