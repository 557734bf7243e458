"""The keys that the sidecar holds for one upstream: their ring, their figures, and the layers."""

from sidecar.clock import Clock
from sidecar.config import Credentials
from sidecar.core.key_ring import KeyRing, Rule
from sidecar.core.keys import KeyTemplate
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.credentials import Parts, credentials
from sidecar.parts.kept import Kept
from sidecar.telemetry.key_stats import KeyFigures, KeyStats


class Keys:
    """What an upstream's routes share.

    Args:
        upstream: its name.
        config: the upstream's.
        clock: where time comes from.
        kept: what the configuration before has left.
    """

    def __init__(self, upstream: str, config: Credentials, clock: Clock, kept: Kept) -> None:
        self._config = config
        self._clock = clock
        rule = Rule(config.cooldown, config.max_cooldown, config.set_aside, config.spread)
        titles = config.titles
        ring = kept.shared(
            "keys", upstream, (config.secrets, titles, rule), lambda: KeyRing(titles, rule)
        )
        self.ring = ring if config.secrets else None
        self.stats = kept.totals("keys", upstream, lambda: KeyStats(titles))
        for title in titles:
            self.stats.keys.setdefault(title, KeyFigures())

    def __repr__(self) -> str:
        return f"<Keys {self.ring!r}>"

    def layer(self, route: RouteEntry) -> Layer | None:
        """Puts keys into attempts."""
        model = KeyTemplate("model", route.expression, b"")  # never digested
        return credentials(Parts(self._config, self.ring, self.stats, self._clock, model.of))
