"""How upstreams and the queue stand now, for people. Counts nothing and decides nothing."""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from sidecar.config import Config
from sidecar.core.breaker import Breakers
from sidecar.core.routing import RouteTable
from sidecar.parts.queueing import Queueing
from sidecar.parts.resilience import Resilience
from sidecar.transport.upstream import UpstreamTransport


class Observed(Protocol):
    """The parts that are looked at, of one configuration. `assembly.Assembly` is one."""

    config: Config
    table: RouteTable
    transports: Mapping[str, UpstreamTransport]
    resilience: Mapping[str, Resilience]
    breakers: Breakers
    queueing: Queueing | None


def origin_of(url: str) -> str:
    """Scheme and host of an upstream, without a path, which may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def standing(name: str, observed: Observed, now: float) -> dict[str, Any]:
    """How an upstream stands now."""
    pool, shared = observed.transports[name].pool.stats, observed.resilience[name]
    limiter = shared.limiter
    return {
        "breakers": observed.breakers.snapshots(now, name),
        "pool": {
            "open": pool.open,
            "idle": pool.idle,
            "waiting": pool.waiters,
            "max": observed.config.upstreams[name].pool.max_connections,
        },
        "limit": {
            "inflight": limiter.inflight,
            "limit": limiter.limit,
            "waiting": limiter.waiters,
        },
        "paces": [
            {"name": title, "waiting": stats.waiting} for title, stats in shared.pace_stats.items()
        ],
    }


def queue_of(queueing: Queueing | None) -> dict[str, Any] | None:
    """As of the last time when the spool was asked."""
    if queueing is None:
        return None
    stats = queueing.spool_stats
    return {
        "up": stats.up,
        "depth": dict(stats.depth),
        "bytes": stats.bytes,
        "oldest": round(stats.oldest, 3),
    }
