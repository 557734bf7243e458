"""One upstream's health and rates, shared by its routes: budget, breakers, limit, paces, hedges.

Makes the layers of a route that work with them. Each state lives on with a new configuration as
long as the settings are the same that it is made of.
"""

from collections.abc import Callable
from random import random

from sidecar.clock import Clock
from sidecar.config import Pace, Upstream
from sidecar.core.breaker import BreakerSet
from sidecar.core.budget import Budget
from sidecar.core.hedge import Hedging
from sidecar.core.keys import KeyTemplate
from sidecar.core.limit import Limiter
from sidecar.core.pace import Lanes
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Exchange, Layer
from sidecar.layers.breaker import Held, breaker, recheck
from sidecar.layers.breaker import Parts as BreakerParts
from sidecar.layers.hedge import Parts as HedgeParts
from sidecar.layers.hedge import hedge
from sidecar.layers.limit import Gate, limit
from sidecar.layers.limit import Parts as LimitParts
from sidecar.layers.pace import Paced, Waiting, pace
from sidecar.layers.retry import Parts as RetryParts
from sidecar.layers.retry import retry
from sidecar.parts.kept import Kept
from sidecar.telemetry.breaker_stats import BreakerStats
from sidecar.telemetry.hedge_stats import HedgeStats
from sidecar.telemetry.limit_stats import LimitStats
from sidecar.telemetry.pace_stats import PaceStats
from sidecar.telemetry.retry_stats import RetryStats
from sidecar.telemetry.usage_stats import UsageStats


class Resilience:
    """What an upstream's routes share to spare it, and each other.

    Args:
        name: the upstream's.
        config: its settings.
        clock: where time comes from.
        secret: keys the digests in the keys of calls; the same for all routes.
        draw: a random number in [0, 1) each time.
        kept: what the configuration before has left.
    """

    def __init__(
        self,
        name: str,
        config: Upstream,
        clock: Clock,
        secret: bytes,
        draw: Callable[[], float] = random,
        *,
        kept: Kept | None = None,
    ) -> None:
        self.name = name
        self._config = config
        self._clock = clock
        self._secret = secret
        self._draw = draw
        self._kept = kept = kept or Kept()
        budget = config.retry.budget
        self.budget = kept.shared(
            "budget",
            name,
            budget,
            lambda: Budget(budget.ratio, budget.burst, budget.reserve, budget.half_life),
        )
        self.held = kept.totals("held", name, lambda: Held(clock))
        self.breaker_stats = kept.totals("breakers", name, lambda: BreakerStats(name))
        # what was learnt of one server says nothing of another
        basis = (config.url, config.breaker)
        self.breakers = kept.shared("breakers", name, basis, lambda: self._new_breakers(draw))
        basis_of_limit = (config.url, config.limit)
        self.limiter = kept.shared("limiter", name, basis_of_limit, lambda: Limiter(config.limit))
        self.limit_stats = kept.totals("limit", name, lambda: LimitStats(self.limiter))
        kept.when_in_force(self._show_limiter)
        self._gate = kept.shared(
            "gate", name, basis_of_limit, lambda: Gate(self.limiter, self.limit_stats, clock)
        )
        self._waiting = kept.totals("paces", name, lambda: Waiting(clock))
        self.lanes: dict[Pace, Lanes] = {}
        self.pace_stats: dict[str, PaceStats] = {}
        """By the title of the pace."""
        self.usage = kept.totals("usage", name, UsageStats)
        self.retry_stats: dict[str, RetryStats] = {}
        """By route, as all that follow."""
        self.hedge_stats: dict[str, HedgeStats] = {}

    def __repr__(self) -> str:
        return f"<Resilience {self.name} {self.breakers!r} {self._gate!r}>"

    def retry(self, route: RouteEntry) -> Layer:
        """Repeats what failed."""
        stats = self._kept.totals("retry", self._of(route.name), RetryStats)
        self.retry_stats[route.name] = stats
        return retry(RetryParts(route.config.retry, self.budget, stats, self._clock, self._draw))

    def hedge(self, route: RouteEntry) -> Layer | None:
        """Asks a second time for slow reads."""
        config = route.config.hedge
        if not config.enabled:
            return None
        name, budget = self._of(route.name), self.budget
        stats = self.hedge_stats[route.name] = self._kept.totals("hedge", name, HedgeStats)
        basis = (self._config.url, config, id(budget))
        hedging = self._kept.shared("hedge", name, basis, lambda: Hedging(config, budget))
        return hedge(HedgeParts(hedging, stats, self._clock, self.is_healthy_for(route)))

    def breaker(self, route: RouteEntry) -> Layer | None:
        """Holds calls back while the upstream is in trouble."""
        if not self._config.breaker.enabled:
            return None
        config = route.config.breaker
        return breaker(
            BreakerParts(
                breakers=self.breakers,
                key=self._key(config.key, route),
                config=config,
                held=self.held,
                stats=self.breaker_stats,
                clock=self._clock,
            )
        )

    def pace(self, route: RouteEntry) -> Layer | None:
        """Keeps to the rates."""
        paced = [
            Paced(self._lanes(each), self._key(each.key, route), self._pace_stats(each.title))
            for each in route.config.pace
        ]
        return pace(paced, self._waiting)

    def limit(self, route: RouteEntry) -> Layer:
        """Bounds the calls in flight."""
        config = self._config.limit
        header = config.priority_header
        return limit(
            LimitParts(
                gate=self._gate,
                priority=route.config.priority,
                priority_header=header.lower().encode() if header else None,
                lanes=self._key(config.fair_by, route) if config.fair_by else None,
            )
        )

    def recheck(self) -> Layer | None:
        """Looks at the breaker again after the waits."""
        return recheck(self._clock) if self._config.breaker.enabled else None

    def is_healthy_for(self, route: RouteEntry) -> Callable[[Exchange], bool]:
        """Whether the breaker of a call of this route is closed."""
        key = self._key(route.config.breaker.key, route)

        def is_healthy(exchange: Exchange) -> bool:
            found = self.breakers.at(key.shortened(exchange), self._clock.now())
            return found.stage(self._clock.now()) == "closed"

        return is_healthy

    def is_calm(self) -> bool:
        """Whether calls that nobody waits for do no harm: healthy, and more than half is free."""
        now = self._clock.now()
        healthy = all(each.stage(now) == "closed" for _, each in self.breakers)
        return healthy and self.limiter.inflight * 2 <= self.limiter.limit

    def give_up(self) -> None:
        """Let no call wait any longer, because the sidecar stops."""
        self.held.give_up()
        self._waiting.give_up()
        self._gate.give_up()

    def _new_breakers(self, draw: Callable[[], float]) -> BreakerSet:
        """New ones; what people have forced stays so, until it ends by itself."""
        made = BreakerSet(
            self.name,
            self._config.breaker,
            draw,
            now=self._clock.now(),
            notify=self.breaker_stats.transitioned,
            alarm=self.held.alarm,
        )
        earlier: BreakerSet | None = self._kept.earlier("breakers", self.name)
        if earlier is not None:
            self._kept.when_in_force(lambda: _force_alike(earlier, made, self._clock.now()))
        return made

    def _show_limiter(self) -> None:
        self.limit_stats.limiter = self.limiter

    def _lanes(self, pace: Pace) -> Lanes:
        """One for all routes with the same pace."""
        name = self._of(repr(pace))
        self.lanes[pace] = self._kept.shared("lanes", name, None, lambda: Lanes(pace))
        return self.lanes[pace]

    def _pace_stats(self, title: str) -> PaceStats:
        found = self._kept.totals("pace", self._of(title), PaceStats)
        self.pace_stats[title] = found
        return found

    def _of(self, name: str) -> str:
        return f"{self.name}/{name}"

    def _key(self, template: str, route: RouteEntry) -> KeyTemplate:
        return KeyTemplate(template, route.expression, self._secret)


def _force_alike(earlier: BreakerSet, made: BreakerSet, now: float) -> None:
    """Force what is forced in the earlier ones."""
    for key, each in earlier:
        force = each.snapshot(now)["forced"]
        if force is not None:
            made.at(key, now).force(force["state"], force["seconds_left"], force["reason"], now)
