"""What is stored of answers, and what runs in the background for it. It outlives a configuration.

Knows tags and entries; nothing of routes.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from random import random
from typing import Any

from sidecar.clock import Clock
from sidecar.config import Stores
from sidecar.core.cache.tag_names import TagNames, for_everybody
from sidecar.flights.ahead import PrefetchedKeys
from sidecar.flights.desk import Desk
from sidecar.flights.warmer import Warmer
from sidecar.parts.keeping import Keeping
from sidecar.parts.sharing import Sharing

_LATER = (2.0, 10.0, 60.0)
"""Seconds after a lost answer: soon; after the statement timeout of a database (Supabase has 8 s
for users); after the longest that Supabase's API allows."""
_MOST_TIMERS = 3000


class Stored:
    """The stored answers of all upstreams, the calls under way for them, and what keeps them warm.

    Args:
        stores: where they are kept.
        clock: where time comes from.
        keeping: the stores themselves.
        draw: a random number in [0, 1) each time.

    Raises:
        StoreUnavailable: the shared store's client library is not installed.
    """

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        keeping: Keeping,
        draw: Callable[[], float] = random,
    ) -> None:
        self._clock = clock
        self.names = TagNames(keeping.secret)
        self.sharing = Sharing(stores, clock, keeping)
        self.entries = self.sharing.entries
        self.desk = Desk(clock.now)
        # above 0 and up to 1, so that it has a logarithm
        self.warmer = Warmer(self.desk, clock, lambda: 1.0 - draw(), self._spawn)
        self.ahead = PrefetchedKeys()
        self._timers: list[asyncio.TimerHandle] = []
        self._changes = 0
        """Of the configuration."""
        self.moved: Counter[str] = Counter()
        """How often that has made doubtful all that was stored of an upstream."""
        self._tasks: set[asyncio.Task[object]] = set()

    def __repr__(self) -> str:
        return f"<Stored {self.entries!r} {self.desk!r}>"

    def drop(self, tags: tuple[str, ...], *, written: bool = False) -> None:
        """What carries one of these tags is out of date; what is in use is fetched again.

        Where a write did it (`written`), it may still be better than an error.
        """
        change, now = self.names.change(tags), self._clock.wall()
        dropped = self.entries.bump(change.here, now, told=change.told, written=written)
        self.warmer.dropped(dropped)

    def drop_again(
        self,
        tags: tuple[str, ...],
        anew: Callable[[], tuple[str, ...]] | None = None,
        *,
        written: bool = False,
    ) -> None:
        """Drop them once more, in case a write whose answer was lost is done only later.

        Args:
            tags: what it touches, as far as is known now.
            anew: what it touches, as it is known when it is called: rows may then be read by other
                columns. Without it, and after a change of the configuration, whole tables are
                dropped.
            written: as for `drop`.
        """
        loop, changes = asyncio.get_running_loop(), self._changes
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]

        def again() -> None:
            known = anew is not None and self._changes == changes
            self.drop(anew() if known and anew else for_everybody(tags), written=written)

        if len(self._timers) < _MOST_TIMERS:
            self._timers += [loop.call_later(wait, again) for wait in _LATER]

    def drop_upstream(self, upstream: str) -> None:
        """What is stored of it came from another place than what is called so now."""
        self.entries.ban(upstream, "", self._clock.wall())

    def forget_ways(self) -> None:
        """Fetch nothing any more by the chains that are known. Whoever asks shows the new ones."""
        self._changes += 1
        self.warmer.close()

    async def start(self) -> None:
        """Begin to hear what other sidecars change; the store has been connected."""
        await self.sharing.start()

    async def close(self) -> None:
        """End what runs in the background."""
        for timer in self._timers:
            timer.cancel()
        self.warmer.close()
        await self.desk.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.sharing.close()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
