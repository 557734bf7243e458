"""The connections of all upstreams. Those whose settings stay the same stay open.

Reads the certificate files that upstreams name, to know whether they have changed.
"""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path

from sidecar.clock import Clock
from sidecar.config import ClientTls, Config, Upstream
from sidecar.parts.kept import Kept
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.transport.upstream import UpstreamTransport


def make_transports(config: Config, clock: Clock, kept: Kept) -> Mapping[str, UpstreamTransport]:
    """The connections of each upstream.

    Raises:
        OSError: a certificate file cannot be read.
    """
    return {name: _transport(name, each, clock, kept) for name, each in config.upstreams.items()}


def _transport(name: str, config: Upstream, clock: Clock, kept: Kept) -> UpstreamTransport:
    basis = (connection_settings(config), contents(config.tls))
    make = partial(UpstreamTransport, config, clock)
    transport = kept.shared("transport", name, basis, make)
    shown = kept.totals("pool", name, _Shown)
    kept.when_in_force(lambda: shown.show(transport.pool.stats))
    return transport


def connection_settings(config: Upstream) -> object:
    """All that is said of an upstream's connections: while it is the same, they are kept."""
    return (config.url, config.tls, config.dns, config.pool)


class _Shown:
    """The figures of the pool that an upstream has now; they go on from those of the one before.

    What the earlier one still counts, while its last calls end, is not told any more.
    """

    def __init__(self) -> None:
        self._stats: PoolStats | None = None

    def show(self, stats: PoolStats) -> None:
        """Those of this pool."""
        if self._stats is not None and self._stats is not stats:
            stats.count_on(self._stats)
        self._stats = stats


def contents(tls: ClientTls) -> tuple[bytes, ...]:
    """What the files are like now.

    Raises:
        OSError: one cannot be read.
    """
    named = (tls.ca, tls.certificate, tls.key)
    return tuple(sha256(Path(each).read_bytes()).digest() for each in named if each is not None)
