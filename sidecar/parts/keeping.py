"""What is remembered of answers, over all upstreams: the stores, and the ledger of each upstream.

Makes the layers of a route that work with them.
"""

from collections.abc import Mapping

from sidecar.clock import Clock
from sidecar.config import Config, Stores
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.ledger import Parts as LedgerParts
from sidecar.layers.ledger import ledger
from sidecar.parts.kept import Kept
from sidecar.store.bounded import Bounded
from sidecar.store.kept import Value
from sidecar.store.ledger import SharedLedger
from sidecar.store.opening import digest_secret, make_shared
from sidecar.telemetry.ledger_stats import LedgerStats
from sidecar.telemetry.store_stats import StoreStats

_HEAD = 64 * 1024
"""Bytes that the head of a response may take beside the body that `max_object` is for."""


class _Opened:
    """The stores themselves."""

    def __init__(self, config: Stores, clock: Clock) -> None:
        self.secret = digest_secret(config)
        self.stats = {"memory": StoreStats()}
        memory = config.memory
        self.responses: Bounded[Value] = Bounded(
            memory.max_size, memory.max_object + _HEAD, self.stats["memory"]
        )
        if config.shared:
            self.stats["shared"] = StoreStats()
        self.shared = make_shared(config, clock, self.stats["shared"]) if config.shared else None


class Keeping:
    """The stores and the ledgers. Both live on with a new configuration.

    Raises:
        StoreUnavailable: the shared store's client library is not installed.
    """

    def __init__(self, config: Config, clock: Clock, kept: Kept | None = None) -> None:
        self._clock = clock
        self._kept = kept = kept or Kept()
        stores = config.stores
        opened = kept.shared("stores", "", stores, lambda: _Opened(stores, clock))
        self.secret = opened.secret
        """Keys the digests of credentials and keys; the same for all who share a store."""
        self.store_stats = opened.stats
        self.responses = opened.responses
        """What the response cache keeps in this process."""
        self.shared = opened.shared
        self.ledger_stats = {
            name: kept.totals("ledger figures", name, LedgerStats) for name in config.upstreams
        }
        self._ledgers = {
            name: self._ledger(config, name)
            for name, upstream in config.upstreams.items()
            if upstream.ledger.enabled
        }

    def __repr__(self) -> str:
        return f"<Keeping {self.shared!r}>"

    def _ledger(self, config: Config, name: str) -> LedgerParts:
        wanted = config.upstreams[name].ledger
        shared = self.shared if wanted.store == "shared" else None
        keep, size, honoured = wanted.keep, wanted.max_size, wanted.honoured
        # a key that is forgotten lets a call be made twice: no change of a setting takes it away
        ledger = self._kept.totals("ledger", name, lambda: Ledger(keep, size, honoured=honoured))
        self._kept.when_in_force(lambda: ledger.go_by(keep, size, honoured=honoured))
        return LedgerParts(
            config=wanted,
            keys=LedgerKeys(wanted.header, self.secret),
            ledger=ledger,
            stats=self.ledger_stats[name],
            clock=self._clock,
            shared=SharedLedger(shared, keep, self._clock) if shared else None,
            finishing=self._kept.totals("finishing", name, set),
        )

    def ledger(self, route: RouteEntry) -> Layer | None:
        """Keeps calls with an idempotency key from being made twice."""
        parts = self._ledgers.get(route.upstream)
        return ledger(parts) if parts is not None else None

    def stores(self) -> Mapping[str, StoreStats]:
        """The figures of all stores, by name."""
        return self.store_stats

    async def start(self) -> None:
        """Connect to the shared store, shortly; go on without it if that fails."""
        if self.shared is not None:
            await self.shared.start()

    async def close(self) -> None:
        """Write what is still to be written, shortly, and give everything back."""
        for parts in self._ledgers.values():
            for task in tuple(parts.finishing):
                task.cancel()
        if self.shared is not None:
            await self.shared.close()
