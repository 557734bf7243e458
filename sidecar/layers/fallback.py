"""Gives a configured answer to a read where the upstream fails and nothing better is stored."""

from dataclasses import dataclass
from http import HTTPStatus

from sidecar.config import StaticAnswer
from sidecar.errors import DownstreamError, ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Layer, Response
from sidecar.telemetry.cache_stats import CacheStats


@dataclass(frozen=True, slots=True)
class FallbackLayer:
    """The last step of degradation."""

    next: Handler
    answer: StaticAnswer
    stats: CacheStats

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; stand in for a failure."""
        if exchange.request.method not in ("GET", "HEAD"):
            return await self.next(exchange)
        try:
            response = await self.next(exchange)
        except DownstreamError:
            raise
        except ExchangeError:
            return self._stand_in()
        if response.status < 500:
            return response
        response.close()
        return self._stand_in()

    def _stand_in(self) -> Response:
        self.stats.count("fallback")
        body = self.answer.body.encode()
        return Response(
            self.answer.status,
            _reason(self.answer.status),
            [
                (b"Content-Type", self.answer.content_type.encode()),
                (b"Content-Length", b"%d" % len(body)),
                (b"Cache-Control", b"no-store"),
                (b"X-Sidecar-Degraded", b"static"),
            ],
            BytesBody(body),
            source="sidecar",
        )


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def fallback(answer: StaticAnswer, stats: CacheStats) -> Layer:
    """The layer of a route that has a static answer."""
    return lambda next_: FallbackLayer(next_, answer, stats)
