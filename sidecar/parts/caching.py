"""The response cache, over all upstreams: what is stored, what is shared, what is kept warm.

Makes the layers of a route that work with it.
"""

import asyncio
from collections.abc import Coroutine
from random import random
from typing import Any

from sidecar.clock import Clock
from sidecar.config import Config
from sidecar.core.cache.key import KeyRule
from sidecar.core.cache.model import Head, Rules
from sidecar.core.cache.reads import ReadRule
from sidecar.core.cache.rfc9111 import Rfc9111
from sidecar.core.cache.tag_names import TagNames, for_everybody
from sidecar.core.cache.targets import ends_session
from sidecar.core.cache.ttl import Forced
from sidecar.core.json_path import path_of
from sidecar.core.routing import RouteEntry
from sidecar.exchange import Layer, Request
from sidecar.flights.ahead import PrefetchedKeys
from sidecar.flights.desk import Desk
from sidecar.flights.fetch import FetchParts
from sidecar.flights.warmer import Warmer
from sidecar.layers.cache import Parts as CacheParts
from sidecar.layers.cache import cache
from sidecar.layers.fallback import fallback
from sidecar.layers.invalidate import Parts as InvalidateParts
from sidecar.layers.invalidate import invalidate
from sidecar.parts.destinations import Destinations
from sidecar.parts.keeping import Keeping
from sidecar.parts.remembered_media import RememberedMedia
from sidecar.parts.sharing import Sharing
from sidecar.parts.upstream_tags import CREDENTIAL, UpstreamTags
from sidecar.telemetry.cache_stats import CacheStats

_LATER = (2.0, 10.0, 60.0)
"""Seconds after a lost answer: soon; after the statement timeout of a database (Supabase has 8 s
for users); after the longest that Supabase's API allows."""
_MOST_TIMERS = 3000


def _draw() -> float:
    """Above 0 and up to 1, so that it has a logarithm."""
    return 1.0 - random()  # noqa: S311 - a time of refresh is no secret


class Caching:
    """What is stored of all upstreams."""

    def __init__(
        self, config: Config, clock: Clock, keeping: Keeping, destinations: Destinations
    ) -> None:
        self._clock = clock
        self._secret = keeping.secret
        self.names = TagNames(keeping.secret)
        self.sharing = Sharing(config.stores, clock, keeping)
        self.entries = self.sharing.entries
        self.desk = Desk(clock.now)
        self.warmer = Warmer(self.desk, clock, _draw, self._spawn)
        self._ahead = PrefetchedKeys()
        self.stats: dict[tuple[str, str], CacheStats] = {}
        self.media = RememberedMedia(config, clock, self._secret, self.drop, destinations)
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[object]] = set()
        self.tags = {
            name: UpstreamTags(name, upstream) for name, upstream in config.upstreams.items()
        }

    def __repr__(self) -> str:
        return f"<Caching {self.entries!r} {self.desk!r}>"

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
                ahead=self._ahead,
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

        def written(request: Request, head: Head | None, body: bytes | None) -> tuple[str, ...]:
            tags = upstream.written(route, request, head, body)
            whose = key.credential(request) if CREDENTIAL in route.config.invalidates else None
            return (*tags, whose) if whose else tags

        def drop(tags: tuple[str, ...]) -> None:
            stats.invalidated += 1
            self.drop(tags)

        return invalidate(
            InvalidateParts(
                written=written,
                credential=key.credential,
                sessions=key.sessions,
                ends_session=ends_session,
                drop=drop,
                drop_again=self._drop_again,
                reads=_reads(route).only_reads,
            )
        )

    def drop(self, tags: tuple[str, ...]) -> None:
        """What carries one of these tags is out of date; what is in use is fetched again."""
        change = self.names.change(tags)
        dropped = self.entries.bump(change.here, self._clock.wall(), told=change.told)
        self.warmer.dropped(dropped)

    def _drop_again(self, tags: tuple[str, ...]) -> None:
        """Drop them once more, in case a write whose answer was lost is done only later."""
        loop, tags = asyncio.get_running_loop(), for_everybody(tags)
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        if len(self._timers) < _MOST_TIMERS:
            self._timers += [loop.call_later(wait, self.drop, tags) for wait in _LATER]

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

        return FetchParts(
            upstream=route.upstream,
            rules=_rules(route),
            tags=tags,
            entries=self.entries,
            max_object=config.max_object,
            clock=self._clock,
            ranges=config.mode == "rfc9111",
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
        return self.stats.setdefault((route.upstream, route.name), CacheStats())

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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
