"""Has the calls made that are likely to follow this one, before the application makes them.

Which they are is decided in `core/prefetch.py`. The answer passes untouched and at once: of a JSON
answer a copy is looked at when its end has gone by.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sidecar.clock import Clock
from sidecar.core.json_path import Json
from sidecar.core.prefetch import Plan, Recent, all_targets, headers_ahead
from sidecar.dialects.body import MOST, header, json_of
from sidecar.exchange import Exchange, Handler, Layer, Request, Response
from sidecar.flights.ahead import Ahead
from sidecar.recorded import Recorded
from sidecar.telemetry.prefetch_stats import PrefetchStats

_AGAIN = 10.0
"""Seconds after which a call whose answer is stored leads to prefetches again."""
_MOST_RECENT = 4096
_JSON = re.compile(rb"application/(?:[a-z0-9!#$&^_.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; `ahead` is the upstream's, the rest the route's."""

    plans: tuple[Plan, ...]
    expression: re.Pattern[str]
    """The route's compiled path, for its named parts."""
    key: Callable[[Request], str | None]
    """What makes two calls the same; None where nothing is stored for a call."""
    ahead: Ahead
    stats: PrefetchStats
    clock: Clock


class PrefetchLayer:
    """Sees the calls of one route, and those of its answers that come from the store."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._parts = parts
        self._early = tuple(plan for plan in parts.plans if not plan.template.needs_answer)
        self._late = tuple(plan for plan in parts.plans if plan.template.needs_answer)
        self._recent = Recent(_AGAIN, _MOST_RECENT)

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on, and have done what follows: at once what is known, the rest after the answer."""
        if exchange.request.method != "GET" or exchange.background:
            return await self._next(exchange)
        due = self._is_due(exchange.request)
        if due:
            self._offer(exchange, self._early, None)
        response = await self._next(exchange)
        worth = response.source == "upstream" or (due and response.source == "cache")
        if worth and 200 <= response.status < 300:
            if not due:
                self._offer(exchange, self._early, None)
            if self._late:
                self._watch(exchange, response)
        return response

    def _is_due(self, request: Request) -> bool:
        key = self._parts.key(request)
        return key is None or self._recent.is_due(key, self._parts.clock.now())

    def _offer(self, exchange: Exchange, plans: tuple[Plan, ...], answer: Json) -> None:
        if not plans:
            return
        parts, request = self._parts, exchange.request
        found = parts.expression.fullmatch(request.target.partition("?")[0])
        params = found.groupdict() if found is not None else {}
        targets = all_targets(plans, request, params, answer)
        parts.ahead.offer(exchange, targets, headers_ahead(request.headers), parts.stats)

    def _watch(self, exchange: Exchange, response: Response) -> None:
        """Have a copy of the body, if it is JSON that is short enough."""
        if (response.body.length or 0) > MOST or not _JSON.match(
            header(response.headers, b"content-type")
        ):
            return
        body = Recorded(response.body, MOST, partial(self._ended, exchange, response))
        response.body = body
        response.on_close(lambda _error: body.give_up())

    def _ended(self, exchange: Exchange, response: Response, body: bytes | None) -> None:
        """The end of the body goes by; it is looked at when that has gone on."""
        if body:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._answered, exchange, response, body)

    def _answered(self, exchange: Exchange, response: Response, body: bytes) -> None:
        self._offer(exchange, self._late, json_of(response.headers, body))


def prefetch(parts: Parts) -> Layer | None:
    """The layer of one route; None where nothing is fetched ahead."""
    if not parts.plans:
        return None
    return lambda next_: PrefetchLayer(next_, parts)
