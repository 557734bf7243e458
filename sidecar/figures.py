"""Has the figures of all parts exported: one collector for each, read when somebody scrapes.

Knows who counts what; nothing of what is counted.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from sidecar.core.breaker import Breakers
from sidecar.parts.caching import Caching
from sidecar.parts.drills import Drills
from sidecar.parts.keeping import Keeping
from sidecar.parts.keys import Keys
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.queueing import Queueing
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.parts.tracing import Tracing
from sidecar.parts.tunnelling import Tunnelling
from sidecar.telemetry.breaker_stats import BreakerCollector
from sidecar.telemetry.cache_stats import CacheCollector
from sidecar.telemetry.delivery_stats import DeliveryCollector
from sidecar.telemetry.drill_stats import DrillCollector
from sidecar.telemetry.hedge_stats import HedgeCollector
from sidecar.telemetry.key_stats import KeyCollector
from sidecar.telemetry.ledger_stats import LedgerCollector
from sidecar.telemetry.limit_stats import LimitCollector
from sidecar.telemetry.media_stats import MediaCollector
from sidecar.telemetry.message_stats import MessageCollector
from sidecar.telemetry.metrics import Metrics
from sidecar.telemetry.pace_stats import PaceCollector
from sidecar.telemetry.prefetch_stats import PrefetchCollector
from sidecar.telemetry.retry_stats import RetryCollector
from sidecar.telemetry.returned_url_stats import ReturnedUrlCollector
from sidecar.telemetry.store_stats import StoreCollector
from sidecar.telemetry.trace_stats import TraceCollector, TraceStats
from sidecar.telemetry.tunnel_stats import TunnelCollector
from sidecar.telemetry.usage_stats import UsageCollector
from sidecar.transport.upstream import UpstreamTransport

T = TypeVar("T")


class Figured(Protocol):
    """The parts that count, of one configuration. `assembly.Assembly` is one."""

    transports: Mapping[str, UpstreamTransport]
    resilience: Mapping[str, Resilience]
    breakers: Breakers
    keeping: Keeping
    caching: Caching
    prefetching: Prefetching
    tunnelling: Tunnelling
    returned: Returned
    keys: Mapping[str, Keys]
    drills: Drills
    queueing: Queueing | None
    """The same in all configurations of a process."""
    tracing: Tracing | None


def register(metrics: Metrics, parts: Callable[[], Figured], now: Callable[[], float]) -> None:
    """Have the figures of all of them exported.

    Args:
        metrics: where.
        parts: those of the configuration that is in force then.
        now: the Clock's.
    """

    def shared() -> Mapping[str, Resilience]:
        return parts().resilience

    metrics.watch_pools(lambda: {n: t.pool.stats for n, t in parts().transports.items()})
    for collector in (
        RetryCollector(lambda: _by_route(shared(), lambda each: each.retry_stats)),
        HedgeCollector(lambda: _by_route(shared(), lambda each: each.hedge_stats)),
        BreakerCollector(
            lambda: {name: each.breaker_stats for name, each in shared().items()},
            lambda: parts().breakers,
            now,
        ),
        LimitCollector(lambda: {name: each.limit_stats for name, each in shared().items()}),
        PaceCollector(lambda: _by_route(shared(), lambda each: each.pace_stats)),
        LedgerCollector(lambda: parts().keeping.ledger_stats),
        StoreCollector(lambda: parts().keeping.store_stats),
        CacheCollector(lambda: parts().caching.stats),
        MessageCollector(lambda: parts().caching.sharing.message_stats),
        PrefetchCollector(lambda: parts().prefetching.stats),
        MediaCollector(lambda: parts().caching.media.stats),
        ReturnedUrlCollector(lambda: parts().returned.stats),
        KeyCollector(lambda: {name: each.stats for name, each in parts().keys.items()}),
        TunnelCollector(lambda: parts().tunnelling.stats),
        UsageCollector(lambda: {name: each.usage for name, each in shared().items()}),
        DrillCollector(lambda: parts().drills.stats),
        TraceCollector(lambda: _traces(parts())),
    ):
        metrics.register(collector)
    queueing = parts().queueing
    if queueing is not None:
        metrics.register(DeliveryCollector(lambda: queueing.stats, lambda: queueing.spool_stats))


def _traces(parts: Figured) -> TraceStats:
    return parts.tracing.stats if parts.tracing is not None else TraceStats()


def _by_route(
    shared: Mapping[str, Resilience], figures: Callable[[Resilience], Mapping[str, T]]
) -> dict[tuple[str, str], T]:
    """Figures that each upstream has by a second name, by both."""
    return {
        (upstream, name): stats
        for upstream, each in shared.items()
        for name, stats in dict(figures(each)).items()
    }
