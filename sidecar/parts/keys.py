"""The keys that the sidecar holds for one upstream: their ring, their figures, and the layers."""

from sidecar.clock import Clock
from sidecar.config import Credentials
from sidecar.core.key_ring import KeyRing, Rule
from sidecar.core.keys import KeyTemplate
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.credentials import Parts, credentials
from sidecar.telemetry.key_stats import KeyStats


class Keys:
    """What an upstream's routes share.

    Args:
        config: the upstream's.
        clock: where time comes from.
    """

    def __init__(self, config: Credentials, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        rule = Rule(config.cooldown, config.max_cooldown, config.set_aside, config.spread)
        self.ring = KeyRing(config.titles, rule) if config.secrets else None
        self.stats = KeyStats(config.titles)

    def __repr__(self) -> str:
        return f"<Keys {self.ring!r}>"

    def layer(self, route: RouteEntry) -> Layer | None:
        """Puts keys into attempts."""
        model = KeyTemplate("model", route.expression, b"")  # a part of the path: never digested
        return credentials(Parts(self._config, self.ring, self.stats, self._clock, model.of))
