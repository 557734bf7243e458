"""The response cache, over all upstreams: makes the layers of a route that work with it.

What is stored is in `stored.py`; here is what one configuration says of it.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from random import random

from sidecar.clock import Clock
from sidecar.config import Config, Upstream
from sidecar.core.cache.generations import Tags
from sidecar.core.cache.key import KeyRule
from sidecar.core.cache.model import Head, Rules
from sidecar.core.cache.reads import ReadRule
from sidecar.core.cache.rfc9111 import Rfc9111
from sidecar.core.cache.targets import ends_session
from sidecar.core.cache.ttl import Forced
from sidecar.core.json_path import path_of
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer, Request
from sidecar.flights.fetch import FetchParts
from sidecar.layers.cache import Parts as CacheParts
from sidecar.layers.cache import cache
from sidecar.layers.fallback import fallback
from sidecar.layers.invalidate import Parts as InvalidateParts
from sidecar.layers.invalidate import invalidate
from sidecar.parts.destinations import Destinations
from sidecar.parts.keeping import Keeping
from sidecar.parts.kept import Kept
from sidecar.parts.remembered_media import RememberedMedia
from sidecar.parts.stored import Stored
from sidecar.parts.upstream_tags import CREDENTIAL, UpstreamTags, tables_of
from sidecar.telemetry.cache_stats import CacheStats


class Caching:
    """What is stored of all upstreams."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        keeping: Keeping,
        destinations: Destinations,
        kept: Kept | None = None,
        *,
        draw: Callable[[], float] = random,
    ) -> None:
        self._clock = clock
        self._secret = keeping.secret
        self._kept = kept = kept or Kept()
        stores = config.stores
        self._stored = kept.shared(
            "stored", "", stores, lambda: Stored(stores, clock, keeping, draw)
        )
        self.names, self.sharing = self._stored.names, self._stored.sharing
        self.entries, self.desk = self._stored.entries, self._stored.desk
        self.warmer, self.drop = self._stored.warmer, self._stored.drop
        self._moved = self._stored.moved.copy()
        self.stats: dict[tuple[str, str], CacheStats] = {}
        self.media = RememberedMedia(
            config, clock, self._secret, self.drop, destinations, kept=kept
        )
        self.tags = {
            name: self._tags_of(name, upstream) for name, upstream in config.upstreams.items()
        }

    def __repr__(self) -> str:
        return f"<Caching {self._stored!r}>"

    def _tags_of(self, name: str, upstream: Upstream) -> UpstreamTags:
        # what was learnt of tables says which answers, stored before, a write is to drop
        tables = self._kept.shared("tables", name, upstream.tables, lambda: tables_of(upstream))
        return UpstreamTags(name, upstream, tables, self._clock)

    def cache(self, route: RouteEntry) -> Layer | None:
        """Answers from what is stored."""
        config = route.config.cache
        if not config.is_on:
            return None
        return cache(
            CacheParts(
                config=config,
                key=self.key_of(route),
                is_read=_reads(route),
                fetching=self._fetching(route),
                desk=self.desk,
                warmer=self.warmer,
                ahead=self._stored.ahead,
                stats=self._stats(route),
                clock=self._clock,
            )
        )

    def fallback(self, route: RouteEntry) -> Layer | None:
        """Gives the static answer of the route."""
        answer = route.config.cache.fallback
        return fallback(answer, self._stats(route)) if answer is not None else None

    def invalidate(self, route: RouteEntry) -> Layer | None:
        """Drops what a write makes doubtful; not needed where nothing is stored."""
        upstream = self.tags[route.upstream]
        if not upstream.is_cached:
            return None
        key, stats = self.key_of(route), self._stats(route)
        generations = self.entries.generations

        def holds(tags: Tags) -> bool:
            return generations.state(tags, route.upstream, "") == "current"

        def written(request: Request, head: Head | None, body: bytes | None) -> tuple[str, ...]:
            tags = upstream.written(route, request, head, body, holds)
            whose = key.credential(request) if CREDENTIAL in route.config.invalidates else None
            return (*tags, whose) if whose else tags

        written_over = CREDENTIAL not in route.config.invalidates

        def write(tags: tuple[str, ...]) -> None:
            stats.invalidated += 1
            self.drop(tags, written=written_over)
            if self._moved[route.upstream] != self._stored.moved[route.upstream]:
                # what is stored since is told apart in a way that was not known when this began
                self._stored.drop_upstream(route.upstream)

        def drop(tags: tuple[str, ...]) -> None:
            stats.invalidated += 1
            self.drop(tags)

        return invalidate(
            InvalidateParts(
                begin=partial(upstream.begin, route),
                written=written,
                credential=key.credential,
                sessions=key.sessions,
                ends_session=ends_session,
                drop=drop,
                write=write,
                write_again=partial(self._stored.drop_again, written=written_over),
                reads=_reads(route).only_reads,
            )
        )

    def take_over(self, moved: Collection[str]) -> None:
        """The configuration is in force now, instead of another.

        Args:
            moved: upstreams that are gone, or of whose answers nothing is known any more.
        """
        self._stored.forget_ways()
        for upstream in moved:
            self._stored.drop_upstream(upstream)
            self._stored.moved[upstream] += 1
        self._moved = self._stored.moved.copy()

    async def start(self) -> None:
        """Begin to hear what other sidecars change; the store has been connected."""
        await self._stored.start()

    async def close(self) -> None:
        """End what runs in the background."""
        await self._stored.close()

    def _fetching(self, route: RouteEntry) -> FetchParts:
        config, key = route.config.cache, self.key_of(route)
        upstream = self.tags[route.upstream]
        urls = self.media.urls_at(route.upstream)

        def tags(request: Request) -> tuple[str, ...]:
            whose = () if config.shared else key.sessions(request)
            found = upstream.read(route, request)
            if urls is not None:
                found = (*found, *urls.tags_of(request))
            return self.names.of((*found, *whose))

        generations = self.entries.generations

        def settle(request: Request, head: Head, body: bytes, tags: Tags) -> Tags:
            path = request.target.partition("?")[0]

            def as_of(names: Iterable[str]) -> Tags | None:
                current = generations.state(tags, route.upstream, path) == "current"
                return generations.now(self.names.of(names)) if current else None

            outlived = self.names.of(upstream.answered(request, head, body, as_of))
            return tuple(tag for tag in tags if tag[0] not in outlived) if outlived else tags

        return FetchParts(
            upstream=route.upstream,
            rules=_rules(route),
            tags=tags,
            settle=settle,
            entries=self.entries,
            max_object=config.max_object,
            clock=self._clock,
            ranges=config.mode == "rfc9111",
            heads=config.mode == "rfc9111",
        )

    def key_of(self, route: RouteEntry) -> KeyRule:
        """What makes two requests of a route the same."""
        config = route.config.cache
        names = config.headers if config.mode == "ttl" else ()
        urls = self.media.urls_at(route.upstream)
        return KeyRule(
            upstream=route.upstream,
            secret=self._secret,
            headers=tuple(name.lower().encode() for name in names),
            shared=config.shared,
            sort_query=config.sort_query,
            body=config.post,
            alias=urls.name_of if urls is not None else None,
        )

    def _stats(self, route: RouteEntry) -> CacheStats:
        stats = self._kept.totals("cache", f"{route.upstream}/{route.name}", CacheStats)
        self.stats[route.upstream, route.name] = stats
        return stats


def _reads(route: RouteEntry) -> ReadRule:
    config = route.config.cache
    ranges = config.mode == "rfc9111" or any(name.lower() == "range" for name in config.headers)
    when = tuple((path_of(path), value) for path, value in config.when.items())
    return ReadRule(post=config.post and config.is_on, ranges=ranges, when=when)


def _rules(route: RouteEntry) -> Rules:
    config = route.config.cache
    if config.mode == "rfc9111":
        return Rfc9111(config.stale_while_revalidate, config.stale_if_error)
    return Forced(
        ttl=config.ttl,
        negative=config.negative,
        stale_while=config.stale_while_revalidate,
        stale_error=config.stale_if_error,
        varies_on=frozenset(name.lower().encode() for name in config.headers),
        override_no_store=config.override_no_store,
    )
