"""Holds a permit of the upstream's limiter for each attempt, and waits for it where it must.

What is decided is decided in `core/limit/`. The permit goes back at the last byte of the response,
not at its head: a body that still flows keeps the upstream busy.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

from sidecar.clock import Clock
from sidecar.config.limit import Priority
from sidecar.core.keys import KeyTemplate
from sidecar.core.limit import Limiter, Permit, Refusal, Ticket
from sidecar.core.limit.queue import priority_of
from sidecar.core.limit.signs import is_measure, is_overload, is_too_slow
from sidecar.errors import Draining, Rejected
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.telemetry.limit_stats import LimitStats

_RETRY_AFTER = 1.0
"""Seconds. The wait was short and the queue is bounded: in a second it looks different."""


class Gate:
    """One upstream's limiter and those who wait for it. All the upstream's routes share it."""

    def __init__(self, limiter: Limiter, stats: LimitStats, clock: Clock) -> None:
        self._limiter = limiter
        self._stats = stats
        self._clock = clock
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}

    def __repr__(self) -> str:
        return f"<Gate {self._limiter!r}>"

    def ask(self, exchange: Exchange, priority: Priority, lane: str) -> Permit | Ticket:
        """A permit for one attempt, to be given back with `leave`, or what to `wait` with at once.

        Raises:
            Rejected: `limit_full` or `limit_timeout`; nothing was sent.
        """
        now = self._clock.now()
        outcome = self._limiter.admit(now, priority, lane, exchange.deadline - now)
        if isinstance(outcome, Ticket):
            self._wake()  # it may have taken the place of another
            return outcome
        return self._granted(outcome, priority)

    async def wait(self, ticket: Ticket, exchange: Exchange) -> Permit:
        """The permit that a ticket comes to.

        Raises:
            Rejected: `limit_full` or `limit_timeout`; nothing was sent.
            Draining: the sidecar stops.
        """
        return self._granted(await self._wait(ticket, exchange), ticket.priority)

    def _granted(self, outcome: Permit | Refusal, priority: Priority) -> Permit:
        if isinstance(outcome, Refusal):
            self._stats.reject(outcome.reason, priority)
            raise _rejected(outcome)
        self._stats.beyond += outcome.beyond
        return outcome

    def leave(self, permit: Permit, first_byte: float | None = None, *, dropped: bool) -> None:
        """Give a permit back; see `Permit.release`."""
        permit.release(self._clock.now(), first_byte, dropped=dropped)
        self._wake()

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting

    def give_up(self) -> None:
        """Let nobody wait any longer, because the sidecar stops."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(Draining("the sidecar is shutting down", sent=False))

    async def _wait(self, ticket: Ticket, exchange: Exchange) -> Permit | Refusal:
        """Wait until the ticket is decided. It is, whatever the future or the timer say first."""
        future = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ticket.patience):
                await future
        except TimeoutError:
            pass
        except BaseException:
            self._limiter.abandon(ticket, self._clock.now())
            self._wake()
            raise
        finally:
            del self._waiting[ticket]
            waited = self._clock.now() - ticket.since
            exchange.timeline.queued += waited
            self._stats.waited(waited, ticket.priority)
        return self._limiter.expire(ticket)

    def _wake(self) -> None:
        if not self._waiting:
            return
        for ticket in self._limiter.decided():
            future = self._waiting.get(ticket)
            if future is not None and not future.done():
                future.set_result(None)


def _rejected(refusal: Refusal) -> Rejected:
    if refusal.reason in ("full", "displaced"):
        message, code = "too many calls wait for this upstream already", "limit_full"
    else:
        message, code = "too many calls were in flight to this upstream", "limit_timeout"
    return Rejected(message, code=code, retry_after=_RETRY_AFTER)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; the gate is the upstream's, the rest the route's."""

    gate: Gate
    priority: Priority
    """Of calls that do not say."""
    priority_header: bytes | None
    """Lower case; None where calls cannot say."""
    lanes: KeyTemplate | None
    """What divides the waiting calls into lanes; None for a single one."""


class LimitLayer:
    """Lets an attempt go on when it has a permit."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._gate = parts.gate
        self._priority = parts.priority
        self._header = parts.priority_header
        self._lanes = parts.lanes

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on with a permit.

        Raises:
            Rejected: there was none in time.
        """
        priority: Priority = (
            "batch"
            if exchange.background
            else priority_of(exchange.request.headers, self._header, self._priority)
        )
        lane = "" if self._lanes is None else self._lanes.shortened(exchange)
        permit = self._gate.ask(exchange, priority, lane)
        if isinstance(permit, Ticket):
            permit = await self._gate.wait(permit, exchange)
        try:
            response = await self._next(exchange)
        except BaseException as error:
            self._gate.leave(permit, dropped=is_too_slow(error))
            raise
        first_byte = _first_byte(exchange, response)
        response.on_close(partial(self._closed, permit, response.status, first_byte))
        return response

    def _closed(
        self, permit: Permit, status: int, first_byte: float | None, error: BaseException | None
    ) -> None:
        self._gate.leave(permit, first_byte, dropped=is_overload(status) or is_too_slow(error))


def _first_byte(exchange: Exchange, response: Response) -> float | None:
    """Seconds that the upstream needed, where they say something."""
    timeline = exchange.timeline
    if response.source != "upstream" or not is_measure(response.status):
        return None
    return max(0.0, timeline.first_byte_at - timeline.sent_at) or None


def limit(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: LimitLayer(next_, parts)
