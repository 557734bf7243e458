"""How upstreams and the queue stand now, for people. Counts nothing and decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sidecar.config import Config
from sidecar.core.breaker import Breakers
from sidecar.core.routing import RouteTable
from sidecar.parts.queueing import Queueing
from sidecar.parts.resilience import Resilience
from sidecar.transport.upstream import UpstreamTransport


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is looked at: the parts in use now."""

    urls: Mapping[str, str]
    """Scheme and host of each upstream, without a path, which may hold a secret."""
    connections: Mapping[str, int]
    """The most connections of each."""
    routes: Mapping[str, Sequence[str]]
    """The names of its routes."""
    transports: Mapping[str, UpstreamTransport]
    resilience: Mapping[str, Resilience]
    breakers: Breakers
    queueing: Queueing | None

    @classmethod
    def of(
        cls,
        config: Config,
        table: RouteTable,
        *,
        transports: Mapping[str, UpstreamTransport],
        resilience: Mapping[str, Resilience],
        breakers: Breakers,
        queueing: Queueing | None,
    ) -> "Observed":
        """The parts of a configuration."""
        return cls(
            urls={name: _origin(each.url) for name, each in config.upstreams.items()},
            connections={
                name: each.pool.max_connections for name, each in config.upstreams.items()
            },
            routes={name: [each.name for each in routes] for name, routes in table.routes.items()},
            transports=transports,
            resilience=resilience,
            breakers=breakers,
            queueing=queueing,
        )


def _origin(url: str) -> str:
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
            "max": observed.connections[name],
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
