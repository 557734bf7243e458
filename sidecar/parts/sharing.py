"""Stored answers, and what connects them with those of other sidecars: a store, and messages."""

import os

from sidecar.clock import Clock
from sidecar.config.stores import Stores
from sidecar.core.cache.generations import Generations
from sidecar.core.cache.hearing import Hearing
from sidecar.core.cache.news import News
from sidecar.parts.keeping import Keeping
from sidecar.store.entries import RECHECK, Entries
from sidecar.store.opening import make_messenger, make_watch
from sidecar.telemetry.message_stats import MessageStats


class Sharing:
    """The stored answers of one process.

    Raises:
        StoreUnavailable: the shared store's client library is not installed.
    """

    def __init__(self, stores: Stores, clock: Clock, keeping: Keeping) -> None:
        self._clock = clock
        origin = os.urandom(8).hex()
        hearing = Hearing(stores.shared.recheck if stores.shared else RECHECK)
        self.generations = Generations()
        self._messenger = make_messenger(stores, origin, hearing, clock)
        self._watch = make_watch(stores, keeping.shared, hearing, clock)
        self.entries = Entries(
            keeping.responses,
            self.generations,
            keeping.secret,
            keeping.shared,
            epoch=origin,
            hearing=hearing,
            tell=self._tell,
            elapsed=clock.now,
        )

    def __repr__(self) -> str:
        return f"<Sharing {self.entries!r} {self._messenger!r}>"

    @property
    def message_stats(self) -> MessageStats | None:
        """What became of messages; None where there are none."""
        return self._messenger.stats if self._messenger is not None else None

    async def start(self) -> None:
        """Begin to hear what others do; the store has been connected."""
        await self.entries.start(self._clock.wall())
        if self._messenger is not None:
            self._messenger.start(self._hear)
        if self._watch is not None:
            self._watch.start()

    async def close(self) -> None:
        """Say what is still to be said, shortly; then hear nothing any more."""
        if self._watch is not None:
            await self._watch.close()
        if self._messenger is not None:
            await self._messenger.close()

    def _hear(self, news: News) -> None:
        self.entries.hear(news, self._clock.wall())

    def _tell(self, news: News) -> None:
        if self._messenger is not None:
            self._messenger.tell(news)
