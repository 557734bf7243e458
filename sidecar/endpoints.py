"""What the admin listener serves: all groups of endpoints, over the parts of one configuration.

The groups are the same in every configuration, in the same order.
"""

from collections.abc import Sequence

from sidecar.admin.breakers import breaker_endpoints
from sidecar.admin.cache import cache_endpoints
from sidecar.admin.drills import drill_endpoints
from sidecar.admin.endpoint import Endpoint
from sidecar.admin.hints import hint_endpoints
from sidecar.admin.queue import queue_endpoints
from sidecar.assembly import Assembly
from sidecar.clock import Clock
from sidecar.parts.purging import Purging


def endpoints_of(parts: Assembly, clock: Clock) -> Sequence[Endpoint]:
    """The endpoints over these parts."""
    routes = {
        upstream: [route.name for route in routes]
        for upstream, routes in parts.table.routes.items()
    }
    purging = Purging(parts.caching, parts.keeping, parts.table, clock)
    queueing = parts.queueing
    return (
        *breaker_endpoints(parts.breakers, clock),
        *cache_endpoints(purging),
        *drill_endpoints(parts.drills.drilling, routes),
        *queue_endpoints(queueing.control if queueing is not None else None),
        *hint_endpoints(parts.config),
    )
