"""Sets the instant after which nobody waits for the answer any more.

Takes the route's `total`, or what the client itself announces if that is shorter: a client knows
how long it waits, but only the configuration may let a call last longer. Enforces nothing: the
transport does, for every wait below.
"""

from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.core.deadlines import announced
from sidecar.exchange import Exchange, Handler, Layer, Response


@dataclass(frozen=True, slots=True)
class DeadlineLayer:
    """Writes `exchange.deadline`."""

    next: Handler
    total: float
    clock: Clock

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on with a deadline."""
        client = announced(exchange.request.headers)
        total = self.total if client is None else min(client, self.total)
        exchange.deadline = exchange.timeline.started + total
        return await self.next(exchange)


def deadline(total: float, clock: Clock) -> Layer:
    """The layer for routes whose `timeouts.total` is `total` seconds."""
    return lambda next_: DeadlineLayer(next_, total, clock)
