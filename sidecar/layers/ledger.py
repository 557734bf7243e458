"""Makes a call with an idempotency key once, and gives its answer to whoever asks again.

What a key means is decided in `core/ledger*.py`. Outside of repetition, so that one entry stands
for all attempts.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from sidecar.clock import Clock
from sidecar.config.ledger import Ledger as LedgerConfig
from sidecar.core.ledger import (
    ANSWER_LOST,
    NOT_DONE,
    Answer,
    Claim,
    Ledger,
    Outcome,
    Refusal,
    Refuse,
    Replay,
    Send,
    Wait,
)
from sidecar.core.ledger_key import Fingerprint, LedgerKeys
from sidecar.core.ledger_outcome import (
    of_departure,
    of_error,
    of_response,
    refusal,
    replayed_headers,
)
from sidecar.core.ledger_shared import Known
from sidecar.dialects import plain
from sidecar.errors import BadRequest, ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, Response
from sidecar.recorded import Recorded, read_on
from sidecar.store.ledger import Asked, SharedLedger
from sidecar.telemetry.ledger_stats import LedgerStats

_FINISH = 30.0
"""Seconds that the rest of an answer may take when nobody reads it any more."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; all of it is the upstream's, shared by its routes."""

    config: LedgerConfig
    keys: LedgerKeys
    ledger: Ledger
    stats: LedgerStats
    clock: Clock
    shared: SharedLedger | None = None
    finishing: set[asyncio.Task[None]] = field(default_factory=set)
    """Answers that are read to their end although their client left."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call with a key, and how long it may wait for others."""

    exchange: Exchange
    key: str
    fingerprint: Fingerprint
    give_up: float


class LedgerLayer:
    """Keeps the calls of one route from being done twice."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts
        self._ledger = parts.ledger
        self._shared = parts.shared
        self._stats = parts.stats
        self._clock = parts.clock
        self._honoured = parts.config.honoured

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The answer to the call, or to an earlier one with the same key.

        Raises:
            BadRequest: the key forbids the call (`idempotency_…`).
        """
        key = self._parts.keys.key(exchange)
        if key is None:
            return await self._next(exchange)
        fingerprint = self._parts.keys.fingerprint(exchange.request)
        give_up = min(self._clock.now() + self._parts.config.wait, exchange.deadline)
        call = _Call(exchange, key, fingerprint, give_up)
        waited = False
        while True:
            step = self._ledger.begin(key, fingerprint, self._clock.now())
            if isinstance(step, Wait):
                self._stats.waited += not waited
                waited = True
                await self._wait(step.claim, call)
                continue
            if isinstance(step, Send) and self._shared is not None:
                step = await self._ask_shared(step, call)
            elif isinstance(step, Refuse):
                step = await self._ask_for_answer(step, call)
            if isinstance(step, Send):
                return await self._send(step.claim, exchange)
            exchange.attempt = 0  # nothing is sent
            return self._answer(step)

    async def _wait(self, claim: Claim, call: _Call) -> None:
        """Until the claim has ended."""
        over = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not over.done():
                over.set_result(None)

        claim.waiters.append(wake)
        try:
            async with asyncio.timeout(max(0.0, call.give_up - self._clock.now())):
                await over
        except TimeoutError:
            raise self._refused("in_flight") from None
        finally:
            if wake in claim.waiters:
                claim.waiters.remove(wake)

    async def _ask_shared(self, step: Send, call: _Call) -> Send | Replay | Refuse:
        """Claim the key among all sidecars too; wait while another has it."""
        known: Known | None = None
        asked: Asked | None = None
        assert self._shared is not None
        try:
            asked = await self._shared.ask(
                call.key,
                call.fingerprint,
                honoured=self._honoured,
                give_up=call.give_up,
                deadline=call.exchange.deadline,
            )
            known = asked.known
        finally:
            if asked is None or asked.step is not None:  # no call follows
                outcome, keep = (known.outcome, known.keep) if known else (NOT_DONE, None)
                self._ledger.settle(step.claim, outcome, self._clock.now(), keep)
        return asked.step or step

    async def _ask_for_answer(self, step: Refuse, call: _Call) -> Replay | Refuse:
        """An answer that went from memory may still be in the shared store."""
        if step.why != "answer_lost" or self._shared is None:
            return step
        found = await self._shared.look(call.key, call.fingerprint)
        if isinstance(found, Known) and found.outcome.answer is not None:
            return Replay(found.outcome.answer)
        return step

    def _answer(self, step: Replay | Refuse) -> Response:
        if isinstance(step, Refuse):
            raise self._refused(step.why)
        self._stats.replayed += 1
        answer, headers = step.answer, replayed_headers(step.answer)
        return Response(
            answer.status, answer.reason, headers, BytesBody(answer.body), source="cache"
        )

    def _refused(self, why: Refusal) -> BadRequest:
        self._stats.refuse(why)
        return refusal(why)

    async def _send(self, claim: Claim, exchange: Exchange) -> Response:
        """Make the call; its outcome is written down whatever happens."""
        self._stats.calls += 1
        exchange.repeatable = self._honoured
        try:
            response = await self._next(exchange)
        except ExchangeError as error:
            in_doubt = exchange.timeline.in_doubt
            self._settle(claim, of_error(error, honoured=self._honoured, in_doubt=in_doubt))
            raise
        except BaseException:
            sent = exchange.timeline.sent_at > 0
            self._settle(claim, of_departure(sent=sent, honoured=self._honoured))
            raise
        judgement = plain.judged(response, exchange.request.method, self._clock.wall())
        outcome = of_response(
            judgement,
            response.status,
            honoured=self._honoured,
            in_doubt=exchange.timeline.in_doubt,
        )
        if isinstance(outcome, Outcome):
            self._settle(claim, outcome)
            return response
        return self._record(claim, response)

    def _record(self, claim: Claim, inner: Response) -> Response:
        """The response, of which a copy is kept once it is complete."""

        def over(body: bytes | None) -> None:
            outcome = ANSWER_LOST
            if body is not None:
                answer = Answer(inner.status, inner.reason, list(inner.headers), body)
                outcome = Outcome("answered", answer)
            self._settle(claim, outcome)

        body = Recorded(inner.body, self._parts.config.max_body, over)
        outer = Response(
            inner.status, inner.reason, list(inner.headers), body, inner.source, inner.judgement
        )
        outer.on_close(partial(self._closed, inner, body))
        return outer

    def _closed(self, inner: Response, body: Recorded, error: BaseException | None) -> None:
        """The client has all of it, or left: then read on, so that the outcome is known."""
        try:
            while body.recording and body.take():
                pass
        except ExchangeError as broken:
            error = broken
        if not body.recording:
            inner.close(error)
            return
        finishing = self._parts.finishing
        task = read_on(inner, body, _FINISH, error)
        finishing.add(task)
        task.add_done_callback(finishing.discard)

    def _settle(self, claim: Claim, outcome: Outcome) -> None:
        self._ledger.settle(claim, outcome, self._clock.now())
        if self._shared is not None:
            self._shared.publish(claim.key, claim.fingerprint, outcome)
        self._stats.end(outcome.kind)
        self._stats.bytes, self._stats.evicted = self._ledger.size, self._ledger.evicted


def ledger(parts: Parts) -> Layer | None:
    """The layer of one route; None where it is switched off."""
    if not parts.config.enabled:
        return None
    return lambda next_: LedgerLayer(next_, parts)
