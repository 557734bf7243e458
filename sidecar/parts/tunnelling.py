"""What the WebSockets of all upstreams are counted by: the layer of a route, and its figures."""

from collections.abc import Mapping
from functools import partial

from sidecar.config.websocket import Websocket
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.switching import Places, switching
from sidecar.parts.kept import Kept
from sidecar.telemetry.tunnel_stats import TunnelStats


class Tunnelling:
    """Places for WebSockets, by upstream, and figures, by route.

    Args:
        settings: each upstream's, by its name.
        kept: what the configuration before has left.
    """

    def __init__(self, settings: Mapping[str, Websocket], kept: Kept) -> None:
        self._settings = settings
        self._kept = kept
        self._places = {
            name: kept.totals("places", name, partial(Places, each.max_open))
            for name, each in settings.items()
        }
        kept.when_in_force(self._bound)
        self.stats: dict[tuple[str, str], TunnelStats] = {}
        """By upstream and route."""

    def __repr__(self) -> str:
        taken = ", ".join(f"{name}: {places.taken}" for name, places in self._places.items())
        return f"<Tunnelling {taken}>"

    def layer(self, route: RouteEntry) -> Layer:
        """Lets a handshake end at its 101."""
        return switching(self._places[route.upstream])

    def stats_of(self, route: RouteEntry) -> TunnelStats:
        """The figures of one route."""
        stats = self._kept.totals("tunnels", f"{route.upstream}/{route.name}", TunnelStats)
        self.stats[route.upstream, route.name] = stats
        return stats

    def _bound(self) -> None:
        """Those that are open already count as well, also where there may be fewer now."""
        for name, places in self._places.items():
            places.most = self._settings[name].max_open
