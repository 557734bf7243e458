"""What requests are served by: the chains of all routes of one configuration, and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.config import Limits
from sidecar.core.routing import RouteEntry, RouteTable
from sidecar.exchange import Handler
from sidecar.pipeline import Parts
from sidecar.tunnels import Opening


@dataclass(frozen=True, slots=True)
class Chains:
    """The handlers of all routes, and where to find them."""

    table: RouteTable
    handlers: Mapping[RouteEntry, Handler]
    parts: Parts
    limits: Limits
    """What the application may send, and how slowly."""
    openings: Mapping[RouteEntry, Opening] = field(default_factory=dict)
    """Of the routes where WebSockets pass."""
    pages: Handler | None = None
    """The sidecar's own, under the reserved prefix."""
