"""Says what became of deliveries: to the figures, to whoever reads the feed, to the callbacks.

Decides nothing. What nobody hears is not lost: the spool remembers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecar.delivering.rule import Rule
from sidecar.exchange import Handler
from sidecar.spool import Answer, Delivery, Place, State
from sidecar.telemetry.delivery_stats import DeliveryStats


class Outlet(NamedTuple):
    """Where the deliveries of one route go."""

    rule: Rule
    handler: Handler
    """The chain of the route, below the layer that queues."""
    stats: DeliveryStats


Outlets = Mapping[Place, Outlet]
"""All of them. Known once the chains are made."""


class Ended(NamedTuple):
    """A delivery that has ended, or of which nobody knows."""

    delivery: Delivery
    """As it was before."""
    state: State
    reason: str
    attempts: int
    at: float
    """Wall seconds."""
    answer: Answer | None = None


Listener = Callable[[Ended], None]


@dataclass(slots=True, eq=False)
class Telling:
    """Who is told."""

    outlets: Outlets
    changed: Callable[[], None]
    """Some delivery has changed its state."""
    listeners: list[Listener] = field(default_factory=list)
    """Of those that have ended."""

    def ended(self, ended: Ended) -> None:
        """One has ended, or its outcome is not known."""
        outlet = self.outlets.get(ended.delivery.place)
        if outlet is not None:
            outlet.stats.end(ended.state, ended.attempts)
            if ended.state == "delivered":
                outlet.stats.seconds.observe(max(0.0, ended.at - ended.delivery.accepted_at))
        for listener in self.listeners:
            listener(ended)
        self.changed()
