"""What is fetched ahead, of all upstreams. Makes the layer of a route that names what follows."""

from collections.abc import Mapping

from sidecar.clock import Clock
from sidecar.core.cache.key import KeyRule
from sidecar.core.prefetch import Plan, parse
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.flights.ahead import Ahead
from sidecar.layers.prefetch import Parts, prefetch
from sidecar.parts.destinations import Destinations
from sidecar.parts.kept import Kept
from sidecar.parts.resilience import Resilience
from sidecar.telemetry.prefetch_stats import PrefetchStats


class Prefetching:
    """The calls that are made ahead, within what each upstream can take."""

    def __init__(
        self,
        upstreams: Mapping[str, Resilience],
        clock: Clock,
        destinations: Destinations,
        kept: Kept | None = None,
    ) -> None:
        self._clock = clock
        self._kept = kept or Kept()
        self._ahead = {
            name: Ahead(destinations.of(name, kept_only=True), shared.is_calm, clock)
            for name, shared in upstreams.items()
        }
        self.stats: dict[tuple[str, str], PrefetchStats] = {}

    def layer(self, route: RouteEntry, key: KeyRule) -> Layer | None:
        """Has made what is likely to follow a call."""
        plans = tuple(Plan(parse(each.target), each.most) for each in route.config.cache.prefetch)
        if not plans:
            return None
        stats = self._kept.totals("prefetch", f"{route.upstream}/{route.name}", PrefetchStats)
        self.stats[route.upstream, route.name] = stats
        ahead = self._ahead[route.upstream]
        return prefetch(Parts(plans, route.expression, key.of, ahead, stats, self._clock))

    @property
    def is_at_rest(self) -> bool:
        """Whether no call is under way or waits."""
        return not any(count for each in self._ahead.values() for count in each.snapshot().values())

    async def close(self) -> None:
        """End what is under way."""
        for ahead in self._ahead.values():
            await ahead.close()
