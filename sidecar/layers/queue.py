"""Answers calls at once that are delivered later, where the route says so.

Outside of all that makes attempts: what is delivered goes through the same layers below. Which
calls are accepted is decided in `core/queueing.py`.
"""

from dataclasses import dataclass

from sidecar.core.queueing import is_accepted_after, is_accepted_at_once, prefers_later
from sidecar.delivering.intake import Intake, in_memory
from sidecar.delivering.rule import Rule
from sidecar.errors import NeverSent, Rejected
from sidecar.exchange import SAFE_METHODS, Exchange, Handler, Layer, Response
from sidecar.telemetry.delivery_stats import DeliveryStats


@dataclass(frozen=True, slots=True)
class QueueLayer:
    """Queues the calls of one route."""

    next: Handler
    rule: Rule
    intake: Intake
    stats: DeliveryStats

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The answer that it was accepted, or what the upstream says.

        Raises:
            Rejected: `spool_full` or `spool_unavailable`, where it had to be queued and cannot be.
        """
        mode = self.rule.queue.mode
        if is_accepted_at_once(mode, exchange.request):
            return await self._accept(exchange)
        if mode != "on_failure" or exchange.request.method in SAFE_METHODS:
            return await self.next(exchange)
        if await self.intake.is_behind(exchange, self.rule):
            return await self._accept(exchange)
        return await self._unless_it_fails(exchange)

    async def _accept(self, exchange: Exchange) -> Response:
        """Queue it; a call whose body is not in memory cannot be, and is made now."""
        body = in_memory(exchange)
        if body is None:
            self.stats.passed_on += 1
            return await self.next(exchange)
        asked = prefers_later(exchange.request.headers)
        return await self.intake.accept(exchange, self.rule, body, self.stats, asked=asked)

    async def _unless_it_fails(self, exchange: Exchange) -> Response:
        try:
            return await self.next(exchange)
        except NeverSent as error:
            body = in_memory(exchange)
            if not is_accepted_after(error, exchange):
                raise
            if body is None:
                self.stats.passed_on += 1
                raise
            asked = prefers_later(exchange.request.headers)
            try:
                return await self.intake.accept(exchange, self.rule, body, self.stats, asked=asked)
            except Rejected:
                raise error from None  # what was wrong first says more


def queue(rule: Rule, intake: Intake, stats: DeliveryStats) -> Layer | None:
    """The layer of one route; None where it is off."""
    if not rule.queue.is_on:
        return None
    return lambda next_: QueueLayer(next_, rule, intake, stats)
