"""Makes the URLs in answers lead back through the sidecar, the way that the client came.

Outside of cache and ledger, so that what is kept is as the upstream said it. Which URLs, and where
they lead, is decided in `core/returned_urls.py`; what is changed, in `core/json_spans.py`.
"""

from dataclasses import dataclass
from functools import partial

from sidecar.config.returned_urls import ReturnedUrls
from sidecar.core.json_path import steps_of
from sidecar.core.json_spans import Swap, swapped
from sidecar.core.returned_urls import Addresses, ReturnedUrl, changed_headers
from sidecar.core.rewritten_body import (
    headers_for,
    is_whole_json,
    readable_codings,
    with_weak_etag,
)
from sidecar.dialects.coding import Unfolding
from sidecar.entered import Entered
from sidecar.errors import ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, RawHeaders, Response
from sidecar.peeked import Peeked, peek
from sidecar.telemetry.returned_url_stats import ReturnedUrlStats

_MOST = 1024 * 1024
"""Bytes of a body, as it comes and unfolded, that are held back to be looked at."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; the addresses are shared by all, the rest is the route's."""

    config: ReturnedUrls
    addresses: Addresses
    stats: ReturnedUrlStats


class ReturnedUrlsLayer:
    """Changes the URLs in the answers of one route."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._addresses = parts.addresses
        self._stats = parts.stats
        self._names = frozenset(name.lower().encode() for name in parts.config.headers)
        self._lengths = frozenset(map(len, self._names))
        self._paths = [steps_of(path) for path in parts.config.json]
        self._redirects_to = parts.config.redirects_to

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; of the answer, only what is to be changed is copied."""
        entered = exchange.entered
        if entered is None:  # the sidecar's own call: nobody follows what comes back
            return await self._next(exchange)
        if self._paths:
            self._ask_readably(exchange)
        response = await self._next(exchange)
        try:
            if self._has_urls(response.headers):
                self._change_headers(exchange, response, entered)
            if self._paths and exchange.request.method != "HEAD":
                await self._change_body(exchange, response, entered)
        except BaseException as error:
            response.close(error)
            raise
        return response

    def _ask_readably(self, exchange: Exchange) -> None:
        """In place: layers outside write on and read from this very exchange."""
        request = exchange.request
        headers = readable_codings(request.headers)
        if headers is not request.headers:
            exchange.request = request._replace(headers=headers)

    def _has_urls(self, headers: RawHeaders) -> bool:
        for name, _ in headers:
            if len(name) in self._lengths and name.lower() in self._names:
                return True
        return False

    def _change_headers(self, exchange: Exchange, response: Response, entered: Entered) -> None:
        upstream = exchange.upstream
        anywhere = ReturnedUrl(upstream, entered, relative=True)
        redirect = 300 <= response.status < 400
        own = anywhere._replace(only=(upstream, *self._redirects_to)) if redirect else anywhere

        def swap(name: bytes, url: str) -> Swap | None:
            return self._addresses.back(url, own if name == b"location" else anywhere)

        response.headers, changed = changed_headers(response.headers, self._names, swap)
        self._stats.headers += changed

    async def _change_body(self, exchange: Exchange, response: Response, entered: Entered) -> None:
        if response.status == 304:  # it stands for a body that was perhaps changed
            response.headers = with_weak_etag(response.headers)
        if not is_whole_json(response.status, response.headers):
            return
        data = await self._whole(response)
        if data is None:
            return
        text = _text_of(response.headers, data)
        swap = partial(self._addresses.back, returned=ReturnedUrl(exchange.upstream, entered))
        found = None if text is None else swapped(text, self._paths, swap)
        if found is None:
            self._stats.unreadable += 1
            return
        text, count = found
        if count:
            body = text.encode()
            response.headers = headers_for(response.headers, len(body))
            response.body = BytesBody(body)
            self._stats.bodies += count

    async def _whole(self, response: Response) -> bytes | None:
        """All of the body; None where it is too long or breaks. Either way it is still there."""
        length = response.body.length
        data = b""
        if length is None or length <= _MOST:
            try:
                data = await peek(response, _MOST + 1)
            except ExchangeError:
                return None  # the application is to see it break
            if isinstance(response.body, Peeked) and response.body.ended:
                return data
        self._stats.too_long += 1
        return None


def _text_of(headers: RawHeaders, data: bytes) -> str | None:
    """The text of a whole body, without its content coding; None if there is no reading it."""
    unfolding, whole = Unfolding(headers), b""
    for piece in unfolding.pieces(data):
        whole += piece
        if len(whole) > _MOST:
            return None
    try:
        return whole.decode() if unfolding.readable else None
    except UnicodeDecodeError:
        return None


def returned_urls(parts: Parts) -> Layer | None:
    """The layer of one route; None where nothing is to be changed."""
    if not parts.config.headers and not parts.config.json:
        return None
    return lambda next_: ReturnedUrlsLayer(next_, parts)
