"""Remembers what a media API says of its files, and gives an id out again for the same file.

Which URL is of which file, and which uploads are the same, is decided in `core/media_*.py`.
Outside of the cache: what the cache answers teaches as much as what the API does.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.core.cache.directives import age_of
from sidecar.core.json_path import parsed
from sidecar.core.media import call_of, id_in, tag_of, url_in
from sidecar.core.media_uploads import Uploads
from sidecar.core.media_urls import MediaUrls
from sidecar.dialects.body import decoded, header, json_of
from sidecar.errors import DeadlineExceeded, ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, Request, RequestBody, Response
from sidecar.peeked import peek
from sidecar.telemetry.media_stats import MediaStats

_MOST_ANSWER = 16 * 1024
"""Bytes of an answer that are read; those with an id or a URL have about 500."""
_OFF_LOOP = 256 * 1024
"""Bytes of an upload from which its digest is made in a thread."""
_DEDUPLICATED = (b"X-Sidecar-Deduplicated", b"true")


class Room:
    """Bytes of memory for bodies that are read before they are sent.

    Args:
        most: for all of them together.
    """

    def __init__(self, most: int = 64 * 1024 * 1024) -> None:
        self._left = most

    def take(self, size: int) -> bool:
        """Whether there is room; then it is taken."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give(self, size: int) -> None:
        """It is free again."""
        self._left += size


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; all of it is the upstream's, shared by its routes."""

    urls: MediaUrls | None
    """None where no upstream is named for downloads."""
    uploads: Uploads | None
    """None where every upload is sent."""
    max_object: int
    room: Room
    drop: Callable[[tuple[str, ...]], None]
    """Drops what is stored with one of these tags."""
    stats: MediaStats
    clock: Clock


class MediaLayer:
    """Sees all calls of one route of the API."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, unless the same file was uploaded before."""
        call = call_of(exchange.request)
        if call is None:
            return await self._next(exchange)
        if call.kind == "delete":
            return await self._delete(exchange, call.node)
        if call.kind == "lookup":
            return await self._look_up(exchange, call.node)
        return await self._upload(exchange, call.node)

    async def _look_up(self, exchange: Exchange, media_id: str) -> Response:
        response = await self._next(exchange)
        urls = self._parts.urls
        if urls is not None and response.status == 200 and _is_json(response):
            answer = json_of(response.headers, await _beginning(response))
            target = url_in(answer, media_id, urls.base)
            if target is not None:
                since = self._parts.clock.now() - age_of(response.headers)
                urls.learn(exchange.request, media_id, target, since)
        return response

    async def _delete(self, exchange: Exchange, media_id: str) -> Response:
        """Forget it before, so that its id is not given out meanwhile, and what came after."""
        self._forget(media_id)
        try:
            return await self._next(exchange)
        finally:
            self._forget(media_id)

    def _forget(self, media_id: str) -> None:
        for known in (self._parts.urls, self._parts.uploads):
            if known is not None:
                known.forget(media_id)
        self._parts.drop((tag_of(media_id),))

    async def _upload(self, exchange: Exchange, number: str) -> Response:
        uploads, stats, body = self._parts.uploads, self._parts.stats, exchange.request.body
        if uploads is None or body is None:
            return await self._next(exchange)
        size = body.length
        if size is None or size > self._parts.max_object:
            stats.uploaded("long")
            return await self._next(exchange)
        if not self._parts.room.take(size):
            stats.uploaded("crowded")
            return await self._next(exchange)
        try:
            data = await self._whole(exchange, body)
            exchange.request = exchange.request._replace(body=BytesBody(data))
            key = await _key(uploads, exchange.request, number, data)
            if key is None:
                stats.uploaded("unusual")
                return await self._next(exchange)
            return await self._once(exchange, uploads, key)
        finally:
            self._parts.room.give(size)

    async def _whole(self, exchange: Exchange, body: RequestBody) -> bytes:
        """All of a body that may still be arriving.

        Raises:
            ExchangeError: it does not arrive, or not before the deadline.
        """
        data = body.known()
        if data is not None:
            return data
        chunks: list[bytes] = []
        left = exchange.deadline - self._parts.clock.now()
        try:
            async with asyncio.timeout(left if left < float("inf") else None):
                while chunk := await body.read():
                    chunks.append(chunk)
        except TimeoutError as error:
            raise DeadlineExceeded(
                "the deadline passed while the request's body was arriving", code="total_timeout"
            ) from error
        return b"".join(chunks)

    async def _once(self, exchange: Exchange, uploads: Uploads, key: bytes) -> Response:
        clock, stats = self._parts.clock, self._parts.stats
        known = uploads.get(key, clock.now())
        if known is not None:
            stats.uploaded("deduplicated")
            exchange.attempt = 0  # nothing is sent
            return _again(known.answer)
        response = await self._next(exchange)
        answer = b""
        if response.status == 200:
            answer = decoded(response.headers, await _beginning(response))
        media_id = id_in(parsed(answer))
        stats.uploaded("failed" if media_id is None else "remembered")
        if media_id is not None:
            uploads.remember(key, media_id, answer, clock.now())
        return response


async def _key(uploads: Uploads, request: Request, number: str, data: bytes) -> bytes | None:
    if len(data) < _OFF_LOOP:
        return uploads.key(request, number, data)
    return await asyncio.to_thread(uploads.key, request, number, data)


async def _beginning(response: Response) -> bytes:
    """The body of a short answer, which stays to be read; b"" where it is long or breaks."""
    length = response.body.length
    if length is not None and length > _MOST_ANSWER:
        return b""
    try:
        return await peek(response, _MOST_ANSWER if length is None else length)
    except ExchangeError:
        return b""  # whoever reads on meets it
    except BaseException as error:
        response.close(error)
        raise


def _is_json(response: Response) -> bool:
    """Graph calls it `text/javascript` at times."""
    kind = header(response.headers, b"content-type").lower()
    return b"json" in kind or b"javascript" in kind


def _again(answer: bytes) -> Response:
    headers = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(answer)),
        _DEDUPLICATED,
    ]
    return Response(200, b"OK", headers, BytesBody(answer), source="cache")


def media(parts: Parts) -> Layer | None:
    """The layer of one route of the API; None where nothing is remembered."""
    if parts.urls is None and parts.uploads is None:
        return None
    return lambda next_: MediaLayer(next_, parts)
