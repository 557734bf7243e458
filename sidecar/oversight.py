"""What an operator sees of the program for as long as it runs: figures, exchanges, advice.

Outlives every configuration. Knows the parts that are in force by asking for them.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.assembly import Assembly
from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.report import Totals
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
        self.since = clock.wall()
        """When it began, in Unix seconds."""
        self.observer = Observer(config.advise.per_second, clock.now)
        """What advice is drawn from."""
        self.overview = Overview(metrics, clock, parts, about)
        """The figures of the last minutes, and the last exchanges."""
        self.stand = Stand(parts, clock)
        """How upstreams and routes are now."""
        self.levels = LogLevels(config.log.level, clock)
        """Of the log, forced ones too."""
        self._window = config.log.summary
        self._lines = SummaryLines(self.overview.summary, self._window, clock)
        self._lag: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Oversight {self.overview!r} {self.levels!r}>"

    def onlookers(self, config: Config) -> Onlookers:
        """Those that a configuration asks for."""
        sinks = self.overview.sinks
        if not config.advise.enabled:
            return Onlookers(sinks)
        return Onlookers((*sinks, self.observer.sink), self.observer)

    async def go_by(self, config: Config) -> None:
        """Another configuration is in force. A level that was forced by hand stays so."""
        self.observer.allow(config.advise.per_second)
        self.levels.configured = config.log.level
        if config.log.summary != self._window:
            await self._lines.close()
            self._window = config.log.summary
            self._lines = SummaryLines(self.overview.summary, self._window, self._clock)
            self._lines.start()

    def totals(self) -> Totals:
        """What was counted until now, for the report."""
        return totals(counted_of(self._parts(), self._metrics))

    def openings(self) -> Mapping[tuple[str, str], int]:
        """How often each breaker has opened, by upstream and name."""
        return openings(each.breaker_stats for each in self._parts().resilience.values())

    def start(self) -> None:
        """Begin to look."""
        self.overview.start()
        self._lines.start()
        loop = asyncio.get_running_loop()
        self._lag = loop.create_task(watch_loop(self._metrics.loop, self._clock))

    async def close(self) -> None:
        """Look no more. Idempotent."""
        self.levels.reset()
        lag, self._lag = self._lag, None
        if lag is not None:
            await end(lag)
        await self._lines.close()
        await self.overview.close()


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
