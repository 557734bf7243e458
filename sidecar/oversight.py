"""What an operator sees of the program for as long as it runs: figures, exchanges, advice.

Outlives every configuration. Knows the parts that are in force by asking for them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.admin.advice import advice_endpoints
from sidecar.admin.config import Effective, config_endpoints
from sidecar.admin.endpoint import Endpoint
from sidecar.admin.exchanges import exchange_endpoints
from sidecar.admin.log_level import log_level_endpoints
from sidecar.admin.report import report_endpoints
from sidecar.admin.state import state_endpoints
from sidecar.admin.summary import summary_endpoints
from sidecar.assembly import Assembly
from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.observing import Observer
from sidecar.observing.totals import Counted, openings, totals
from sidecar.parts.onlookers import Onlookers
from sidecar.parts.overview import Overview
from sidecar.parts.standing import Stand
from sidecar.parts.summary_lines import SummaryLines
from sidecar.tasks import end
from sidecar.telemetry.log_level import LogLevels
from sidecar.telemetry.loop_stats import watch_loop
from sidecar.telemetry.metrics import Metrics


class Oversight:
    """Looks on at everything.

    Args:
        config: what the program starts with.
        metrics: what the figures are read from.
        clock: where time comes from.
        parts: those in force.
        about: what a summary says of the program itself.
    """

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        clock: Clock,
        parts: Callable[[], Assembly],
        about: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._parts = parts
        self._since = clock.wall()
        self._observer = Observer(config.advise.per_second, clock.now)
        self._overview = Overview(metrics, clock, parts, about)
        self._levels = LogLevels(config.log.level, clock)
        self._window = config.log.summary
        self._lines = SummaryLines(self._overview.summary, self._window, clock)
        self._lag: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Oversight {self._overview!r} {self._levels!r}>"

    def onlookers(self, config: Config) -> Onlookers:
        """Those that a configuration asks for."""
        sinks = self._overview.sinks
        if not config.advise.enabled:
            return Onlookers(sinks)
        return Onlookers((*sinks, self._observer.sink), self._observer)

    async def go_by(self, config: Config) -> None:
        """Another configuration is in force. A level that was forced by hand stays so."""
        self._observer.allow(config.advise.per_second)
        self._levels.configured = config.log.level
        if config.log.summary != self._window:
            await self._lines.close()
            self._window = config.log.summary
            self._lines = SummaryLines(self._overview.summary, self._window, self._clock)
            self._lines.start()

    def endpoints(self, effective: Callable[[], Effective]) -> Sequence[Endpoint]:
        """What the admin listener serves of it.

        Args:
            effective: the configuration in force.
        """
        stand = Stand(self._parts, self._clock)
        return (
            *summary_endpoints(self._overview),
            *exchange_endpoints(self._overview.recent),
            *report_endpoints(
                lambda: totals(counted_of(self._parts(), self._metrics)), self._since
            ),
            *advice_endpoints(
                self._observer,
                lambda: effective().config,
                lambda: openings(each.breaker_stats for each in self._parts().resilience.values()),
            ),
            *state_endpoints(stand),
            *config_endpoints(effective),
            *log_level_endpoints(self._levels),
        )

    def start(self) -> None:
        """Begin to look."""
        self._overview.start()
        self._lines.start()
        loop = asyncio.get_running_loop()
        self._lag = loop.create_task(watch_loop(self._metrics.loop, self._clock))

    async def close(self) -> None:
        """Look no more. Idempotent."""
        self._levels.reset()
        lag, self._lag = self._lag, None
        if lag is not None:
            await end(lag)
        await self._lines.close()
        await self._overview.close()


def counted_of(parts: Assembly, metrics: Metrics) -> Counted:
    """What the report is made of."""
    shared = parts.resilience.values()
    return Counted(
        retries=[stats for each in shared for stats in each.retry_stats.values()],
        breakers=[each.breaker_stats for each in shared],
        paces=[stats for each in shared for stats in each.pace_stats.values()],
        hedges=[stats for each in shared for stats in each.hedge_stats.values()],
        pools=[each.pool.stats for each in parts.transports.values()],
        ledgers=list(parts.keeping.ledger_stats.values()),
        media=list(parts.caching.media.stats.values()),
        deliveries=list(parts.queueing.stats.values()) if parts.queueing is not None else [],
        caches=parts.caching.stats,
        tokens=metrics.token_stats,
    )
