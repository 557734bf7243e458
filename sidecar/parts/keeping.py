"""What is remembered of answers, over all upstreams: the stores, and the ledger of each upstream.

Makes the layers of a route that work with them.
"""

from collections.abc import Mapping

from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.ledger import Ledger
from sidecar.core.ledger_key import LedgerKeys
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer
from sidecar.layers.ledger import Parts as LedgerParts
from sidecar.layers.ledger import ledger
from sidecar.store.bounded import Bounded
from sidecar.store.entries import Value
from sidecar.store.ledger import SharedLedger
from sidecar.store.opening import digest_secret, make_shared
from sidecar.telemetry.ledger_stats import LedgerStats
from sidecar.telemetry.store_stats import StoreStats

_HEAD = 64 * 1024
"""Bytes that the head of a response may take beside the body that `max_object` is for."""


class Keeping:
    """The stores and the ledgers.

    Raises:
        StoreUnavailable: the shared store's client library is not installed.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self.secret = digest_secret(config.stores)
        """Keys the digests of credentials and keys; the same for all who share a store."""
        self.store_stats = {"memory": StoreStats()}
        memory = config.stores.memory
        self.responses: Bounded[Value] = Bounded(
            memory.max_size, memory.max_object + _HEAD, self.store_stats["memory"]
        )
        """What the response cache keeps in this process."""
        if config.stores.shared:
            self.store_stats["shared"] = StoreStats()
        self.shared = (
            make_shared(config.stores, clock, self.store_stats["shared"])
            if config.stores.shared
            else None
        )
        self.ledger_stats = {name: LedgerStats() for name in config.upstreams}
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
        return LedgerParts(
            config=wanted,
            keys=LedgerKeys(wanted.header, self.secret),
            ledger=Ledger(wanted.keep, wanted.max_size, honoured=wanted.honoured),
            stats=self.ledger_stats[name],
            clock=self._clock,
            shared=SharedLedger(shared, wanted.keep, self._clock) if shared else None,
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
