"""Which URLs of a route's answers lead back through the sidecar: the layer and its figures."""

from sidecar.core.returned_urls import Addresses
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.returned_urls import Parts, returned_urls
from sidecar.parts.kept import Kept
from sidecar.telemetry.returned_url_stats import ReturnedUrlStats


class Returned:
    """What all upstreams share so that URLs lead from one to another.

    Args:
        addresses: where the upstreams are, and where the sidecar serves them.
        kept: what the configuration before has left.
    """

    def __init__(self, addresses: Addresses, kept: Kept | None = None) -> None:
        self._addresses = addresses
        self._kept = kept or Kept()
        self.stats: dict[tuple[str, str], ReturnedUrlStats] = {}
        """By upstream and route."""

    def __repr__(self) -> str:
        return f"<Returned {self._addresses!r}>"

    def layer(self, route: RouteEntry) -> Layer | None:
        """Changes the URLs in answers."""
        name = f"{route.upstream}/{route.name}"
        stats = self._kept.totals("returned", name, ReturnedUrlStats)
        self.stats[route.upstream, route.name] = stats
        return returned_urls(Parts(route.config.returned_urls, self._addresses, stats))
