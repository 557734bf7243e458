"""What is known of an answer that is in use: who used it, and how it is fetched anew."""

import asyncio
from dataclasses import dataclass, replace
from typing import NamedTuple

from sidecar.core.cache.directives import to_be_asked
from sidecar.core.cache.model import Entry
from sidecar.exchange import Exchange, Timeline
from sidecar.flights.fetch import Fetch
from sidecar.telemetry.cache_stats import CacheStats

_IN_USE = 60.0
"""Seconds since somebody last asked after which nobody is taken to want an answer any more, if it
was not fresh for longer."""
_IN_USE_AFTER_WRITE = 180.0
"""The same of one that a write has dropped: it cannot be given out while it is fetched anew."""
IN_USE_AT_MOST = 300.0
"""The same of any."""
PATIENCE = 30.0
"""Seconds that it may take at the most to fetch one anew, while nobody waits."""


class Hit(NamedTuple):
    """An answer that was given from what is stored."""

    key: str
    """Under which answers are kept, before `Vary`."""
    place: str
    """Under which this one is."""
    exchange: Exchange
    entry: Entry


@dataclass(slots=True, eq=False)
class Known:
    """One answer that is in use, and how it is fetched: as whoever used it last would."""

    key: str
    """Under which answers are kept, before `Vary`."""
    exchange: Exchange
    fetch: Fetch
    stats: CacheStats
    entry: Entry
    used_at: float
    moved_at: float
    """When it was put last among those that are in use."""
    uses: int = 0
    """Up to 2: what is asked for once may never be again."""
    timer: asyncio.TimerHandle | None = None
    dropped_at: float | None = None
    """When a write first dropped it since it was fetched, where it will be fetched for that."""

    def is_in_use(self, now: float, *, written: bool) -> bool:
        """Whether somebody may want it again soon."""
        least = _IN_USE_AFTER_WRITE if written else _IN_USE
        lifetime = self.entry.fresh_until - self.entry.received_at
        return now - self.used_at <= min(IN_USE_AT_MOST, max(least, lifetime))


def in_background(exchange: Exchange, now: float) -> Exchange:
    """The same call, made now, and nobody waits for it."""
    request = exchange.request
    return replace(
        exchange,
        request=request._replace(headers=to_be_asked(request.headers)),
        deadline=now + PATIENCE,
        timeline=Timeline(now),
        attempt=1,
        abandoned=False,
        patient=False,
        background=True,
    )
