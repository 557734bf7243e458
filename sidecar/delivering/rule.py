"""What must be known of a route to accept its calls and to deliver them. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.config.queue import Queue
from sidecar.core.keys import KeyTemplate
from sidecar.core.queueing import Digests
from sidecar.exchange import RawHeaders
from sidecar.spool import Place


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One route's."""

    place: Place
    queue: Queue
    order: KeyTemplate | None
    """By what its deliveries keep their order."""
    digests: Digests
    total: float
    """Seconds that one attempt may take, its repetitions included."""
    is_harmless: Callable[[RawHeaders], bool]
    """Whether a request may be sent twice, because the upstream honours its idempotency key."""
    rests_whole: bool = True
    """Whether all calls of the route have one breaker, so that all rest while it is open."""
