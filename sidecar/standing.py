"""How a running sidecar stands, as its listeners tell it."""

from collections.abc import Mapping
from hashlib import sha256

from sidecar.assembly import Assembly
from sidecar.config import Address, Config
from sidecar.ops import Status, UpstreamStatus
from sidecar.parts.observed import origin_of
from sidecar.reloading import Reloading
from sidecar.servers import Bound
from sidecar.telemetry.metrics import Metrics


def upstreams_of(
    parts: Assembly, config: Config, metrics: Metrics, now: float
) -> Mapping[str, UpstreamStatus]:
    """Each upstream, by its name."""
    return {
        name: UpstreamStatus(
            url=origin_of(config.upstreams[name].url),
            inflight=metrics.inflight(name).count,
            pool=transport.pool.stats,
            breakers={key: each.stage(now) for its, key, each in parts.breakers if its == name},
        )
        for name, transport in parts.transports.items()
    }


def about(status: Status, reloading: Reloading) -> Mapping[str, object]:
    """The program itself, and what became of its configuration."""
    last = reloading.last
    return {
        "version": status.version,
        "state": status.state,
        "uptime": status.uptime,
        "config": {
            "sha256": digest_of(reloading.config),
            "loaded_at": reloading.loaded_at,
            "generation": reloading.generation,
            "reload": last.as_dict() if last is not None else None,
        },
    }


def digest_of(config: Config) -> str:
    """What tells configurations apart, without telling anything of their secrets."""
    return sha256(repr(config).encode()).hexdigest()


def stores_of(parts: Assembly) -> Mapping[str, str]:
    """How the stores and the spool stand, by name."""
    stats = parts.keeping.stores()
    found = {name: "up" if each.up else "down" for name, each in stats.items()}
    if parts.queueing is not None:
        found["spool"] = "up" if parts.queueing.spool_stats.up else "down"
    return found


def named(bound: Bound) -> list[str]:
    """Each address with what is served there."""
    return [
        f"{kind} {address}"
        for kind, where in bound.items()
        for address in ([where] if isinstance(where, Address) else where)
    ]
