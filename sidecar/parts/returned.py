"""Which URLs of a route's answers lead back through the sidecar: the layer and its figures."""

from sidecar.core.returned_urls import Addresses
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.returned_urls import Parts, returned_urls
from sidecar.telemetry.returned_url_stats import ReturnedUrlStats


class Returned:
    """What all upstreams share so that URLs lead from one to another.

    Args:
        addresses: where the upstreams are, and where the sidecar serves them.
    """

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self.stats: dict[tuple[str, str], ReturnedUrlStats] = {}
        """By upstream and route."""

    def __repr__(self) -> str:
        return f"<Returned {self._addresses!r}>"

    def layer(self, route: RouteEntry) -> Layer | None:
        """Changes the URLs in answers."""
        stats = self.stats.setdefault((route.upstream, route.name), ReturnedUrlStats())
        return returned_urls(Parts(route.config.returned_urls, self._addresses, stats))
