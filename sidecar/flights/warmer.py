"""Fetches answers anew while nobody waits for them.

Stale ones that were served, those in use that are about to go stale, those that a write dropped.
Bounded in number and in what it does at a time. Knows no rule of freshness.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from sidecar.clock import Clock
from sidecar.core.cache.early import is_due, warm_at
from sidecar.core.cache.merging import conditions_for
from sidecar.core.cache.model import Entry, Use
from sidecar.errors import ExchangeError
from sidecar.flights.desk import Desk
from sidecar.flights.fetch import Fetch, Wanted
from sidecar.flights.in_use import IN_USE_AT_MOST, PATIENCE, Hit, Known, in_background
from sidecar.telemetry.cache_stats import CacheStats

_MOST_KEYS = 5000
_MOST_AT_ONCE = 8
_QUIET = 0.05
"""Seconds without a write after which an answer is fetched again: a write is often followed by
others, and one refresh is enough for all of them."""
_LATEST = 0.4
"""Seconds after the first write at the latest, or what is written all the time would never be."""
_MOST_AFTER_WRITE = 20
_ORDERLY = 1.0
"""Seconds to which the order of use is kept: to keep it exactly costs each hit."""


class Warmer:
    """What is in use, and the calls that keep it fresh."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        draw: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, object]], None],
    ) -> None:
        """A warmer that knows nothing yet.

        Args:
            desk: where its calls are flights as all others.
            clock: tells how old an answer is, and how long ago it was used.
            draw: a random number above 0 and up to 1.
            spawn: runs a refresh beside all else.
        """
        self._desk = desk
        self._clock = clock
        self._draw = draw
        self._spawn = spawn
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._by_tag: dict[str, dict[str, None]] = {}
        """Those that carry a tag, in the order of their last use."""
        self._due: OrderedDict[str, tuple[Known, str]] = OrderedDict()
        """What waits for a place, and why it is to be fetched."""
        self._running = 0

    def __repr__(self) -> str:
        return f"<Warmer of {len(self._known)} keys, {self._running} refreshes>"

    def hit(self, hit: Hit, fetch: Fetch, stats: CacheStats) -> None:
        """An answer was served that is fresh; it may be time to fetch it anew all the same."""
        known = self._note(hit, fetch, stats)
        now = self._clock.wall()
        if is_due(hit.entry, now, self._draw()):
            self._refresh(hit.place, known, "early")
        elif known.timer is None and hit.place in self._known:  # a timer would keep a body, too
            self._set_timer(hit.place, known, now)

    def refresh(self, hit: Hit, fetch: Fetch, stats: CacheStats) -> None:
        """An answer was served that is stale."""
        self._refresh(hit.place, self._note(hit, fetch, stats), "stale")

    def asked(self, place: str) -> None:
        """Somebody wanted an answer that is not there: who misses it is in need of it as well."""
        known = self._known.get(place)
        if known is not None:
            known.used_at = self._clock.now()
            self._to_end(place, known, known.used_at)

    def kept(self, hit: Hit, fetch: Fetch, stats: CacheStats) -> None:
        """An answer was fetched: for somebody who missed it, or while nobody waited."""
        known = self._known.get(hit.place)
        if not hit.exchange.background:
            self._note(hit, fetch, stats)
        elif known is not None:
            self._renew(hit.place, known, hit.entry)

    def dropped(self, tags: Iterable[str]) -> None:
        """A write has dropped what carries these tags: fetch again what is in use of it."""
        self._again(dict.fromkeys(key for tag in tags for key in self._used_of(tag)), "written")

    def _used_of(self, tag: str) -> list[str]:
        """What is in use and carries the tag, as much as is fetched again, the last used first.

        Not all of it: each write would cost as much as there is.
        """
        now = self._clock.now()
        found: list[str] = []
        for key in reversed(self._by_tag.get(tag, {})):
            known = self._known[key]
            if len(found) == _MOST_AFTER_WRITE or now - known.used_at > IN_USE_AT_MOST:
                break
            if known.uses > 1 and known.is_in_use(now, written=True):
                found.append(key)
        return found

    def purged(self, meets: Callable[[Entry], bool], *, refresh: bool) -> int:
        """Somebody has dropped these: forget them, or where `refresh`, fetch what is in use again.

        How many are fetched again.
        """
        keys = {key for key, known in self._known.items() if meets(known.entry)}
        if refresh:
            now = self._clock.now()
            used = (key for key in keys if self._known[key].is_in_use(now, written=False))
            return self._again(used, "purged")
        for key in keys:
            self._forget(key)
        return 0

    def _again(self, keys: Iterable[str], reason: str) -> int:
        now = self._clock.now()
        used = sorted(keys, key=lambda key: self._known[key].used_at, reverse=True)
        del used[_MOST_AFTER_WRITE:]
        loop = asyncio.get_running_loop()
        for number, key in enumerate(used):
            known = self._known[key]
            self._call_off(key, known)
            known.dropped_at = now if known.dropped_at is None else known.dropped_at
            wait = max(0.0, min(_QUIET, known.dropped_at + _LATEST - now))
            wait += _QUIET * (number // _MOST_AT_ONCE)
            known.timer = loop.call_later(wait, self._fire, key, known, reason)
        return len(used)

    def close(self) -> None:
        """Begin nothing any more."""
        for key in tuple(self._known):
            self._forget(key)

    def _note(self, hit: Hit, fetch: Fetch, stats: CacheStats) -> Known:
        now = self._clock.now()
        known = self._known.get(hit.place)
        if known is not None:
            known.used_at, known.uses = now, 2
            if hit.exchange.request.body is None:  # the credentials of those before may have ended
                known.exchange, known.fetch, known.stats = hit.exchange, fetch, stats
            self._renew(hit.place, known, hit.entry)
            self._to_end(hit.place, known, now)
            return known
        known = Known(hit.key, hit.exchange, fetch, stats, hit.entry, now, now, uses=1)
        if hit.exchange.request.body is not None:
            return known  # many bodies are too much to keep
        self._known[hit.place] = known
        self._tag(hit.place, None, hit.entry)
        if len(self._known) > _MOST_KEYS:
            self._forget(next(iter(self._known)))
        return known

    def _to_end(self, place: str, known: Known, now: float) -> None:
        if now - known.moved_at < _ORDERLY:
            return
        known.moved_at = now
        self._known.move_to_end(place)
        for tag, _ in known.entry.tags:
            keys = self._by_tag[tag]
            del keys[place]
            keys[place] = None

    def _renew(self, place: str, known: Known, entry: Entry) -> None:
        if known.entry is not entry:
            self._tag(place, known.entry, entry)
            known.entry = entry

    def _tag(self, key: str, before: Entry | None, after: Entry | None) -> None:
        carried = dict(after.tags) if after else {}
        for tag in dict(before.tags).keys() - carried.keys() if before else ():
            keys = self._by_tag[tag]
            del keys[key]
            if not keys:
                del self._by_tag[tag]
        for tag in carried:  # where it was there, it keeps its turn
            self._by_tag.setdefault(tag, {})[key] = None

    def _forget(self, key: str) -> None:
        known = self._known.pop(key)
        self._tag(key, known.entry, None)
        self._call_off(key, known)

    def _call_off(self, key: str, known: Known) -> None:
        self._due.pop(key, None)
        if known.timer is not None:
            known.timer.cancel()

    def _set_timer(self, place: str, known: Known, now: float) -> None:
        wait = warm_at(known.entry) - now
        if wait > 0:
            loop = asyncio.get_running_loop()
            known.timer = loop.call_later(wait, self._fire, place, known, "warm")

    def _fire(self, place: str, known: Known, reason: str) -> None:
        known.timer = None
        self._begin(place, known, reason)

    def _begin(self, place: str, known: Known, reason: str) -> None:
        if not known.is_in_use(self._clock.now(), written=reason == "written"):
            known.dropped_at = None
        elif self._running >= _MOST_AT_ONCE:
            self._due[place] = (known, reason)
        else:
            known.dropped_at = None
            if reason != "written" or not known.fetch.is_current(place):
                self._refresh(place, known, reason)

    def _refresh(self, place: str, known: Known, reason: str) -> None:
        if self._running >= _MOST_AT_ONCE:
            return
        kept = None if reason == "purged" else known.entry  # what nobody trusts is not renewed
        wanted = Wanted(
            exchange=in_background(known.exchange, self._clock.now()),
            key=known.key,
            tags=known.fetch.as_of_now(known.exchange.request),
            use=Use("ask", "stale", conditions_for(kept) if kept is not None else None),
            place=place,
            entry=kept,
        )
        if self._desk.is_flying(wanted.flight):
            return
        known.stats.refresh(reason)
        self._running += 1
        self._spawn(self._fetch(wanted, known.fetch))

    async def _fetch(self, wanted: Wanted, fetch: Fetch) -> None:
        try:
            arrival = await self._desk.ask(wanted.flight, partial(fetch, wanted), PATIENCE)
            arrival.discard()
        except ExchangeError:
            pass  # what is stored stays; whoever asks next is told
        finally:
            self._running -= 1
            while self._due and self._running < _MOST_AT_ONCE:
                place, (known, reason) = self._due.popitem(last=False)
                self._begin(place, known, reason)
