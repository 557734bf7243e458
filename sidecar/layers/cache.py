"""Answers from what is stored, and stores what may be: the shell around `core/cache`.

What may be stored, how long it is fresh and when it may be served stale is decided by the route's
`Rules`; a miss is one flight, and whoever asks the same meanwhile joins it.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.config import Cache
from sidecar.core.cache import status
from sidecar.core.cache.answering import answer_from, as_304, not_modified
from sidecar.core.cache.key import KeyRule
from sidecar.core.cache.model import Entry, Head, Use
from sidecar.errors import DownstreamError, ExchangeError, NotStored
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, Request, Response
from sidecar.flights.ahead import PrefetchedKeys
from sidecar.flights.desk import Desk
from sidecar.flights.fetch import Fetch, FetchParts, Wanted, is_failure
from sidecar.flights.in_use import Hit
from sidecar.flights.landing import Alone, Arrival, Shared, Stored, is_for, without_cookies
from sidecar.flights.warmer import Warmer
from sidecar.telemetry.cache_stats import CacheStats

_DEGRADED = b"X-Sidecar-Degraded"
"""Names what stands in for the upstream's own answer."""


class Parts(NamedTuple):
    """What the layer works with."""

    config: Cache
    key: KeyRule
    is_read: Callable[[Request], bool]
    """Whether the route keeps answers to this request."""
    fetching: FetchParts
    desk: Desk
    warmer: Warmer
    ahead: PrefetchedKeys
    stats: CacheStats
    clock: Clock


class CacheLayer:
    """The cache of one route."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts
        self._entries = parts.fetching.entries
        self._rules = parts.fetching.rules
        self._ranges = parts.fetching.ranges
        self._fetch = Fetch(next_, parts.fetching, shared=parts.key.shared, kept=self._kept)

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Answer from the store, or by a flight."""
        parts, request = self._parts, exchange.request
        key = parts.key.of(request) if parts.is_read(request) else None
        if key is None:
            parts.stats.count("bypass")
            return await self._next(exchange)
        now = parts.clock.wall()
        written = parts.config.written_if_error
        place, entry = await self._entries.find(key, request.headers, now, written=written)
        use = self._rules.lookup(entry, request, now)
        if not parts.config.enforce:
            parts.stats.count("shadow_hit" if use.kind.startswith("serve") else "shadow_miss")
            return await self._watch(exchange, key, place)
        if use.kind == "refuse":
            parts.stats.count("refused")
            raise NotStored("nothing is stored, and the request says only-if-cached")
        if entry is None or use.kind == "ask":
            tags = self._fetch.as_of_now(request)
            return await self._ask(Wanted(exchange, key, tags, use, place, entry))
        return self._from_store(Hit(key, place, exchange, entry), use, now)

    def _from_store(self, hit: Hit, use: Use, now: float) -> Response:
        parts, request = self._parts, hit.exchange.request
        if hit.exchange.background:
            return self._serve(hit.entry, request, now)
        parts.stats.prefetched_used += parts.ahead.asked(hit.key)
        if use.kind == "serve":
            parts.stats.hit(hit.entry)
            if parts.config.refresh_ahead:
                parts.warmer.hit(hit, self._fetch, parts.stats)
            return self._serve(hit.entry, request, now)
        parts.stats.count("stale")
        parts.warmer.refresh(hit, self._fetch, parts.stats)
        return self._serve(hit.entry, request, now, detail="stale-while-revalidate")

    def _kept(self, wanted: Wanted, place: str, entry: Entry) -> None:
        """What somebody has missed counts as in use, as what was hit does."""
        if self._parts.config.refresh_ahead and self._parts.config.enforce:
            hit = Hit(wanted.key, place, wanted.exchange, entry)
            self._parts.warmer.kept(hit, self._fetch, self._parts.stats)

    async def _watch(self, exchange: Exchange, key: str, place: str) -> Response:
        """Only keep what comes, so that it can be counted what would have been a hit."""
        if exchange.request.method == "HEAD" or self._is_partial(exchange.request):
            return await self._next(exchange)
        tags, use = self._fetch.as_of_now(exchange.request), Use("ask", "bypass")
        wanted = Wanted(exchange, key, tags, use, place)
        return self._arrived(wanted, await self._fly(wanted, apart=True))

    async def _ask(self, wanted: Wanted) -> Response:
        exchange = wanted.exchange
        if exchange.background:
            self._parts.ahead.fetching(wanted.key)
            self._parts.stats.refresh("prefetch")
        else:
            self._parts.stats.count("miss" if wanted.entry is None else "revalidate")
            self._parts.warmer.asked(wanted.place)
        exchange.patient = exchange.patient and not wanted.use.on_error
        try:
            if self._goes_by_itself(wanted):
                return await self._ask_alone(wanted)
            arrival = await self._fly(wanted)
            if arrival.joined and not is_for(arrival.landing, wanted.exchange.request.headers):
                arrival.discard()  # `Vary` tells the two requests apart
                arrival = await self._fly(wanted, apart=True)
        except DownstreamError:
            raise
        except ExchangeError:
            if (stale := self._stale(wanted)) is None:
                raise
            return stale
        return self._arrived(wanted, arrival)

    def _goes_by_itself(self, wanted: Wanted) -> bool:
        """Whether its answer is for nobody else."""
        request = wanted.exchange.request
        if request.method == "HEAD" or self._is_partial(request):
            return True
        return wanted.entry is None and self._parts.desk.is_passed(wanted.flight)

    async def _ask_alone(self, wanted: Wanted) -> Response:
        exchange, asked_at = wanted.exchange, self._parts.clock.wall()
        response = await self._next(exchange)
        if is_failure(response) and (stale := self._stale(wanted)) is not None:
            response.close()
            return stale
        if exchange.request.method == "HEAD":
            head = Head(response.status, response.reason, response.headers)
            self._fetch.learn_from_head(wanted, head, asked_at)
        note = status.forwarded(wanted.use.reason)
        response.headers = [*response.headers, note]
        return response

    async def _fly(self, wanted: Wanted, *, apart: bool = False) -> Arrival:
        """What a flight brings; one that nobody joins, where it is `apart`."""
        parts, exchange = self._parts, wanted.exchange
        began = parts.clock.now()
        flight = (wanted.flight, exchange.id) if apart else wanted.flight
        fly = partial(self._fetch, wanted)
        arrival = await parts.desk.ask(flight, fly, exchange.deadline - began)
        used = not wanted.exchange.background and parts.ahead.asked(wanted.key)
        if arrival.joined:
            parts.stats.prefetched_used += used
            parts.stats.count("joined")
            _waited(exchange, began, parts.clock.now())
        return arrival

    def _arrived(self, wanted: Wanted, arrival: Arrival) -> Response:
        landing, request = arrival.landing, wanted.exchange.request
        reason, joined = wanted.use.reason, arrival.joined
        if isinstance(landing, Stored):
            note = status.forwarded(reason, status=304, stored=True, collapsed=joined)
            return self._serve(landing.entry, request, self._parts.clock.wall(), note=note)
        response = landing.response if isinstance(landing, Alone) else landing.broadcast.response
        if is_failure(response) and (stale := self._stale(wanted)) is not None:
            arrival.discard()
            return stale
        stored = isinstance(landing, Shared) and landing.stored
        told = response.status if wanted.use.conditions else None
        note = status.forwarded(reason, status=told, stored=stored, collapsed=joined)
        if isinstance(landing, Alone):
            response.headers = [*response.headers, note]
            return response
        return _shared(arrival, response, request, note)

    def _stale(self, wanted: Wanted) -> Response | None:
        """What is stored, in place of an error, where that is allowed."""
        if wanted.entry is None or not wanted.use.on_error:
            return None
        self._parts.stats.count("stale_if_error")
        now, request = self._parts.clock.wall(), wanted.exchange.request
        response = self._serve(wanted.entry, request, now, detail="stale-if-error")
        response.headers.append((_DEGRADED, b"stale"))
        return response

    def _serve(
        self,
        entry: Entry,
        request: Request,
        now: float,
        *,
        detail: str = "",
        note: tuple[bytes, bytes] | None = None,
    ) -> Response:
        head, body = answer_from(entry, request, ranges=self._ranges)
        headers = [*head.headers, *status.hit(entry, now, detail=detail)]
        if note is not None:
            headers[-1] = note
        return Response(head.status, head.reason, headers, BytesBody(body), source="cache")

    def _is_partial(self, request: Request) -> bool:
        return self._ranges and any(name.lower() == b"range" for name, _ in request.headers)


def _shared(
    arrival: Arrival, upstream: Response, request: Request, note: tuple[bytes, bytes]
) -> Response:
    """One passenger's own response."""
    reader = arrival.reader
    assert reader is not None, "who shares a body reads it"
    headers = without_cookies(upstream.headers) if arrival.joined else upstream.headers
    head = Head(upstream.status, upstream.reason, headers)
    if head.status == 200 and not_modified(head, request.headers):
        reader.leave()
        same, note = as_304(head), status.forwarded_as(note, head.status)
        return Response(304, same.reason, [*same.headers, note], BytesBody(b""))
    response = Response(
        head.status, head.reason, [*head.headers, note], reader, judgement=upstream.judgement
    )
    response.on_close(lambda _error: reader.leave())
    return response


def _waited(exchange: Exchange, began: float, now: float) -> None:
    """A passenger's time is the upstream's, not the sidecar's own."""
    timeline = exchange.timeline
    timeline.at_upstream += now - began
    timeline.first_byte_at = now


def cache(parts: Parts) -> Layer:
    """The layer of one route."""
    return lambda next_: CacheLayer(next_, parts)
