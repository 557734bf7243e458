"""Renews the URL of a media file that has grown old, and downloads from the new one.

Which URL is of which file is decided in `core/media_urls.py`. Within the cache, so that one
download renews for all who wait for it, and outside of retry, so that each URL has its attempts.
"""

from dataclasses import dataclass, replace

from sidecar.clock import Clock
from sidecar.core.cache.credentials import names_a_credential
from sidecar.core.media import is_expired
from sidecar.core.media_urls import MediaUrl, MediaUrls
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Layer, RawHeaders, Request, Response, Timeline
from sidecar.flights.own_call import Find, read_through
from sidecar.telemetry.media_stats import MediaStats

_MOST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; all but the clock is the API's that gives the URLs out."""

    api: str
    """Its upstream."""
    find: Find
    """The route of the API that a target belongs to."""
    known: MediaUrls
    urls: float
    """Seconds after which a URL is not used any more."""
    stats: MediaStats
    clock: Clock


class DownloadLayer:
    """Sees the downloads of one route at the host of the files."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; a URL that is known and old is renewed before, one that is refused after."""
        url = self._parts.known.of(exchange.request)
        if url is None:
            return await self._next(exchange)
        age = self._parts.clock.now() - url.since
        if age >= self._parts.urls:
            renewed = await self._renew(exchange, url)
            return await self._download(exchange, renewed or url)
        response = await self._next(exchange)
        if not is_expired(response.status, age):
            return response
        try:
            renewed = await self._renew(exchange, url)
        except BaseException as error:
            response.close(error)
            raise
        if renewed is None or renewed.target == url.target:
            return response
        response.close()
        return await self._download(exchange, renewed)

    async def _download(self, exchange: Exchange, url: MediaUrl) -> Response:
        """The same call at another URL."""
        request = exchange.request._replace(target=url.target)
        moved = replace(exchange, request=request, attempt=1)
        try:
            return await self._next(moved)
        finally:
            exchange.attempt, exchange.timeline = moved.attempt, moved.timeline

    async def _renew(self, exchange: Exchange, old: MediaUrl) -> MediaUrl | None:
        """A younger URL of the same file; None where there is none to be had."""
        parts = self._parts
        newest = parts.known.newest(old.caller, old.media_id)
        if newest is not None and newest.since > old.since and self._is_young(newest):
            return newest
        began = parts.clock.now()
        if await self._ask(exchange, old, began):
            newest = parts.known.newest(old.caller, old.media_id)
            if newest is not None and newest.since >= began:
                parts.stats.renewed("renewed")
                return newest
        parts.stats.renewed("failed")
        return None

    def _is_young(self, url: MediaUrl) -> bool:
        return self._parts.clock.now() - url.since < self._parts.urls

    async def _ask(self, exchange: Exchange, old: MediaUrl, now: float) -> bool:
        """Ask the API as the application did; the answer is learned from as it passes by."""
        destination = self._parts.find(old.asked)
        if destination is None:
            return False
        call = Exchange(
            id=f"{exchange.id}.url",
            upstream=self._parts.api,
            route=destination.route,
            request=Request("GET", old.asked, _fields(exchange, now)),
            deadline=exchange.deadline,
            timeline=Timeline(now),
            patient=exchange.patient,
            background=exchange.background,
        )
        try:
            return await read_through(destination, call, _MOST_ANSWER) == 200
        except ExchangeError:
            return False


def _fields(exchange: Exchange, now: float) -> RawHeaders:
    """Who asks, for an answer that is not stored, and until when."""
    kept = [
        (name, value)
        for name, value in exchange.request.headers
        if names_a_credential(name) or name.lower() == b"user-agent"
    ]
    kept.append((b"Cache-Control", b"no-cache"))
    left = exchange.deadline - now
    if left < float("inf"):
        kept.append((b"X-Sidecar-Timeout", b"%.3f" % max(0.001, left)))
    return kept


def download(parts: Parts) -> Layer:
    """The layer of one route at the host of the files."""
    return lambda next_: DownloadLayer(next_, parts)
