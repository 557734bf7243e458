"""Steers the response cache by hand: what is in it, and dropping some of it, here and elsewhere."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from sidecar.clock import Clock
from sidecar.core.cache.model import Entry
from sidecar.core.cache.purge import Cleared, Others, Purge, Scope
from sidecar.core.routing import RouteTable
from sidecar.parts.caching import Caching
from sidecar.parts.keeping import Keeping
from sidecar.telemetry.cache_stats import CacheStats

_AT_A_TIME = 1000
"""Entries that are looked at before others get a turn."""
_SERVED = frozenset(("hit", "stale", "stale_if_error", "shadow_hit"))
_ASKED = frozenset(("miss", "revalidate", "joined", "shadow_miss"))


class Purging:
    """The response cache, for people."""

    def __init__(self, caching: Caching, keeping: Keeping, table: RouteTable, clock: Clock) -> None:
        self._caching = caching
        self._keeping = keeping
        self._table = table
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Purging of {self._caching!r}>"

    @property
    def upstreams(self) -> Collection[str]:
        """The names of all upstreams."""
        return self._caching.tags.keys()

    def tags_of(self, upstream: str) -> Collection[str]:
        """The names of `cache.tags` at this upstream."""
        return self._caching.tags[upstream].names

    def snapshot(self) -> dict[str, Any]:
        """How it stands: for each route, in memory, in the shared store, and what was dropped."""
        generations = self._caching.sharing.generations.snapshot()
        messages = self._caching.sharing.message_stats
        return {
            "routes": [
                _row(upstream, route, stats)
                for (upstream, route), stats in self._caching.stats.items()
            ],
            "memory": {**self._keeping.responses.snapshot(), **self._hits("memory")},
            "shared": self._shared(),
            "messages": messages.snapshot() if messages is not None else None,
            "changed_tags": generations["tags"],
            "bans": generations["bans"],
        }

    async def clear(self, scope: Scope, *, soft: bool, dry_run: bool, refresh: bool) -> Cleared:
        """Drop what is meant, in memory and in the shared store, here and elsewhere.

        Args:
            scope: of names that exist.
            soft: leave it stale rather than gone.
            dry_run: only count.
            refresh: fetch again at once what is in use of it.

        Raises:
            DownstreamError: its URL leads to no upstream.
        """
        purge = self._meant(scope)
        met = await self._met(purge)
        size = sum(entry.size for entry in met.values())
        if dry_run:
            return Cleared(len(met), size, 0, "none")
        now, entries = self._clock.wall(), self._caching.entries
        if purge.tags:
            entries.bump(purge.tags, now, soft=soft)
        else:
            entries.ban(purge.upstream, purge.prefix, now, soft=soft)
        if not soft:
            for key in met:  # they would go anyway, when somebody asks for them
                entries.memory.pop(key)
        refreshed = self._caching.warmer.purged(purge.meets, refresh=refresh)
        shared = self._keeping.shared
        others: Others = "none" if shared is None else "told" if shared.up else "later"
        return Cleared(len(met), size, refreshed, others)

    def _meant(self, scope: Scope) -> Purge:
        names: tuple[str, ...] = ()
        if scope.url:
            routed = self._table.resolve("GET", scope.url)
            names = self._caching.tags[routed.route.upstream].at(routed.target)
        elif scope.tag:
            names = self._caching.tags[scope.upstream].called(scope.tag)
        return Purge(self._caching.names.of(names), scope.upstream, scope.prefix)

    async def _met(self, purge: Purge) -> Mapping[str, Entry]:
        """The entries in memory that would go now."""
        found, generations = {}, self._caching.sharing.generations
        now = self._clock.wall()
        for number, (key, value) in enumerate(self._keeping.responses):
            if number % _AT_A_TIME == _AT_A_TIME - 1:
                await asyncio.sleep(0)
            if not isinstance(value, Entry) or now > value.expires_at or not purge.meets(value):
                continue
            if generations.state(value.tags, value.upstream, value.path) != "gone":
                found[key] = value
        return found

    def _hits(self, store: str) -> dict[str, int]:
        stats = self._keeping.store_stats[store]
        return {"hits": stats.hits, "misses": stats.misses, "evicted": stats.evicted}

    def _shared(self) -> dict[str, object] | None:
        store = self._keeping.shared
        return None if store is None else {**store.snapshot(), **self._hits("shared")}


def _row(upstream: str, route: str, stats: CacheStats) -> dict[str, object]:
    served = sum(stats.requests.get(result, 0) for result in _SERVED)
    asked = sum(stats.requests.get(result, 0) for result in _ASKED)
    return {
        "upstream": upstream,
        "route": route,
        "hit_ratio": round(served / (served + asked), 3) if served + asked else None,
        "saved_seconds": round(stats.saved, 3),
        "requests": dict(stats.requests),
        "refreshes": dict(stats.refreshed),
        "invalidations": stats.invalidated,
    }
