"""Where calls go that the sidecar makes by itself: the chain of the route that they belong to.

Known only once all chains are made, so it is told then.
"""

from collections.abc import Mapping

from sidecar.core.routing import RouteEntry, RouteTable
from sidecar.errors import DownstreamError
from sidecar.exchange import Handler
from sidecar.flights.own_call import Destination, Find


class Destinations:
    """Finds the chains of all upstreams."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._handlers: Mapping[RouteEntry, Handler] = {}

    def tell(self, handlers: Mapping[RouteEntry, Handler]) -> None:
        """These are the chains."""
        self._handlers = handlers

    def of(self, upstream: str, *, kept_only: bool = False) -> Find:
        """Where a GET of a target of this upstream goes.

        Args:
            upstream: its name.
            kept_only: whether only routes will do that keep answers.
        """

        def find(target: str) -> Destination | None:
            try:
                route = self._table.resolve("GET", target, bound=upstream).route
            except DownstreamError:
                return None
            handler = self._handlers.get(route)
            if handler is None or (kept_only and not route.config.cache.is_on):
                return None
            return Destination(route.name, handler)

        return find
