"""What the WebSockets of all upstreams are counted by: the layer of a route, and its figures."""

from collections.abc import Mapping

from sidecar.config.websocket import Websocket
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.switching import Places, switching
from sidecar.telemetry.tunnel_stats import TunnelStats


class Tunnelling:
    """Places for WebSockets, by upstream, and figures, by route.

    Args:
        settings: each upstream's, by its name.
    """

    def __init__(self, settings: Mapping[str, Websocket]) -> None:
        self._places = {name: Places(each.max_open) for name, each in settings.items()}
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
        return self.stats.setdefault((route.upstream, route.name), TunnelStats())
