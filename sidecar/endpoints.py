"""What the admin listener serves: all groups of endpoints, over the parts of one configuration.

The groups are the same in every configuration, in the same order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.admin.advice import advice_endpoints
from sidecar.admin.breakers import breaker_endpoints
from sidecar.admin.cache import cache_endpoints
from sidecar.admin.config import Effective, config_endpoints
from sidecar.admin.drills import drill_endpoints
from sidecar.admin.endpoint import Endpoint
from sidecar.admin.exchanges import exchange_endpoints
from sidecar.admin.hints import hint_endpoints
from sidecar.admin.log_level import log_level_endpoints
from sidecar.admin.openapi import openapi_endpoint
from sidecar.admin.queue import queue_endpoints
from sidecar.admin.reload import reload_endpoints
from sidecar.admin.report import report_endpoints
from sidecar.admin.state import state_endpoints
from sidecar.admin.summary import summary_endpoints
from sidecar.assembly import Assembly
from sidecar.clock import Clock
from sidecar.core.hints import with_addresses
from sidecar.oversight import Oversight
from sidecar.parts.purging import Purging
from sidecar.reloading import NotNow, Reloading
from sidecar.servers import Bound


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives every configuration."""

    oversight: Oversight
    reloading: Reloading
    """Has the configuration in force, and reads it again."""
    clock: Clock
    bound: Callable[[], Bound]
    """Where the sidecar listens now."""


def endpoints_of(parts: Assembly, around: Surroundings) -> Sequence[Endpoint]:
    """All endpoints, over these parts."""
    reloading = around.reloading
    endpoints = (
        *_of_parts(parts, around),
        *_of_oversight(around.oversight, reloading),
        *reload_endpoints(lambda: reloading.reload("admin"), NotNow),
    )
    return (*endpoints, openapi_endpoint(endpoints))


def _of_parts(parts: Assembly, around: Surroundings) -> Sequence[Endpoint]:
    clock = around.clock

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
        *hint_endpoints(lambda: with_addresses(parts.config, around.bound())),
    )


def _of_oversight(oversight: Oversight, reloading: Reloading) -> Sequence[Endpoint]:
    return (
        *summary_endpoints(oversight.overview),
        *exchange_endpoints(oversight.overview.recent),
        *report_endpoints(oversight.totals, oversight.since),
        *advice_endpoints(oversight.observer, lambda: reloading.config, oversight.openings),
        *state_endpoints(oversight.stand),
        *config_endpoints(lambda: Effective(reloading.config, reloading.origins)),
        *log_level_endpoints(oversight.levels),
    )
