"""Turns the HTML page that stands in for an answer into an error that the application can read.

Which pages, and what they say, is decided in `dialects/cloudflare.py`; how an error is worded, in
`core/pages.py`.
"""

from dataclasses import dataclass

from sidecar.config import ErrorShape
from sidecar.core.pages import rewrite
from sidecar.dialects import cloudflare
from sidecar.dialects.body import decoded
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.peeked import glance

_PEEK = 64 * 1024
"""Bytes of a page that are read; Cloudflare's have about 7 KB."""

_PEEK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ReadableLayer:
    """Rewrites error pages of one route in the shape of its errors."""

    next: Handler
    shape: ErrorShape

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; a page that is recognised is replaced, with its status."""
        response = await self.next(exchange)
        if exchange.request.method == "HEAD" or not cloudflare.may_be_page(
            response.status, response.headers
        ):
            return response
        try:
            await self._rewrite(exchange, response)
        except BaseException as error:
            response.close(error)
            raise
        return response

    async def _rewrite(self, exchange: Exchange, response: Response) -> None:
        page = await glance(response, _PEEK, _PEEK_SECONDS)
        said = cloudflare.sentence(response.status, response.headers, page)
        if said is not None:
            original = decoded(response.headers, page)
            rewrite(response, said, original, self.shape, exchange.id)


def readable(shape: ErrorShape) -> Layer:
    """The layer of a route whose errors have this shape."""
    return lambda next_: ReadableLayer(next_, shape)
