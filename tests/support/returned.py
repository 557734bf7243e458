"""A layer that leads returned URLs back to the sidecar, on an upstream with one answer."""

from dataclasses import dataclass
from typing import Any

from sidecar.config import Upstream
from sidecar.config.returned_urls import ReturnedUrls
from sidecar.core.returned_urls import Addresses
from sidecar.entered import Entered
from sidecar.exchange import Exchange, RawHeaders, Response, Timeline, stack
from sidecar.layers.returned_urls import Parts, returned_urls
from sidecar.telemetry.returned_url_stats import ReturnedUrlStats
from tests.support.builders import request

ADDRESSES = Addresses(
    {
        "api": Upstream(url="https://graph.facebook.com"),
        "media": Upstream(url="https://lookaside.fbsbx.com"),
    }
)

PREFIX = Entered("prefix", "127.0.0.1:8080")
MEDIA = rb'{"url":"https:\/\/lookaside.fbsbx.com\/w?mid=1\u0026hash=s","id":"1"}'
JSON = (b"Content-Type", b"application/json; charset=UTF-8")


@dataclass(slots=True, eq=False)
class Came(Exchange):
    """An exchange that knows by which address it came."""

    entered: Entered | None = None


class World:
    """The layer, and the only answer of the upstream."""

    def __init__(self, answer: Response, **config: Any) -> None:
        config.setdefault("json", ("$.url", "$.paging.next"))
        self.answer = answer
        self.stats = ReturnedUrlStats()
        self.handler = stack(
            returned_urls(Parts(ReturnedUrls(**config), ADDRESSES, self.stats)), on=self._upstream
        )

    async def _upstream(self, exchange: Exchange) -> Response:
        self.asked = exchange.request
        return self.answer

    async def call(
        self,
        method: str = "GET",
        headers: RawHeaders | None = None,
        entered: Entered | None = PREFIX,
    ) -> Response:
        """One call that entered so."""
        subject = Came("x1", "api", "default", request(method, headers=headers), 1e9, Timeline(0.0))
        subject.entered = entered
        return await self.handler(subject)


class Stream:
    """A body of unknown length; what is an error is raised, again and again."""

    length: int | None = None

    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts = list(parts)
        self.reads = 0

    def take(self) -> bytes | None:
        """Nothing is at hand."""
        return None

    async def read(self) -> bytes:
        """The next part; b"" after the last."""
        self.reads += 1
        if not self.parts:
            return b""
        part = self.parts[0]
        if isinstance(part, Exception):
            raise part
        self.parts.pop(0)
        return part
