"""Asks a second time for a read that is slow, and passes on the first good answer.

Within the attempts of retry: its waits are not doubled, and two failures are one outcome for it.
What is decided is decided in `core/hedge.py`.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sidecar.clock import Clock
from sidecar.core.hedge import Hedging, Skip, is_candidate, is_good
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.telemetry.hedge_stats import HedgeStats

_Sent = asyncio.Task[Response]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the layer works with; all but the clock is the route's."""

    hedging: Hedging
    stats: HedgeStats
    clock: Clock
    healthy: Callable[[Exchange], bool]
    """Whether the breaker that this exchange is under is closed."""


class HedgeLayer:
    """Doubles the slow reads of one route."""

    def __init__(self, next_: Handler, parts: Parts) -> None:
        self._next = next_
        self._hedging = parts.hedging
        self._stats = parts.stats
        self._clock = parts.clock
        self._healthy = parts.healthy
        self._ending: set[_Sent] = set()

    def __repr__(self) -> str:
        return f"<HedgeLayer {self._hedging!r}, {len(self._ending)} ending>"

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The first good answer of one or two requests."""
        if not is_candidate(exchange.request, exchange.attempt):
            return await self._next(exchange)
        began = self._clock.now()
        delay = self._hedging.begin(exchange.deadline - began, began)
        if not isinstance(delay, Skip):
            return await self._race(exchange, began, delay)
        self._stats.skip(delay.reason)
        response = await self._next(exchange)
        self._observe(response, began)
        return response

    def _observe(self, response: Response, began: float) -> None:
        if is_good(response):
            now = self._clock.now()
            self._hedging.observe(now - began, now)

    async def _race(self, exchange: Exchange, began: float, delay: float) -> Response:
        """Send the first, and the second if the first takes longer than `delay`."""
        # Each sender has an exchange of its own. The first shares the timeline, so that whoever
        # looks sees what happens; the second starts with what had been spent before both.
        timeline = replace(exchange.timeline)
        first = asyncio.ensure_future(self._next(replace(exchange)))
        timer = asyncio.ensure_future(self._clock.sleep(delay))
        second: _Sent | None = None
        chosen: _Sent | None = None
        try:
            await asyncio.wait((first, timer), return_when=asyncio.FIRST_COMPLETED)
            if not first.done() and self._is_admitted(exchange):
                timeline.at_upstream += self._clock.now() - began  # the wait for the first
                exchange.attempt += 1
                second = asyncio.ensure_future(self._next(replace(exchange, timeline=timeline)))
            chosen = await _best(first, second)
        finally:
            timer.cancel()
            self._account(second, chosen, began)
            self._end(each for each in (first, second) if each is not None and each is not chosen)
        if chosen is second:
            exchange.timeline = timeline
        return chosen.result()

    def _is_admitted(self, exchange: Exchange) -> bool:
        skip = self._hedging.admit(
            sent=exchange.timeline.sent_at > 0,
            healthy=self._healthy(exchange),
            now=self._clock.now(),
        )
        if skip is not None:
            self._stats.skip(skip.reason)
            return False
        self._stats.sent += 1
        return True

    def _account(self, second: _Sent | None, chosen: _Sent | None, began: float) -> None:
        good = chosen is not None and _is_good(chosen)
        if good:  # the first took so long, or had taken so long when the second overtook it
            now = self._clock.now()
            self._hedging.observe(now - began, now)
        if second is None:
            return
        if good and chosen is second:
            self._stats.won += 1
        else:
            self._stats.wasted += 1

    def _end(self, losers: Iterable[_Sent]) -> None:
        """Cancel what is under way, and close what has come."""
        for each in losers:
            if each.done():
                self._ended(each)
            else:
                self._ending.add(each)  # the event loop alone would not keep it
                each.cancel()
                each.add_done_callback(self._ended)

    def _ended(self, loser: _Sent) -> None:
        self._ending.discard(loser)
        if not loser.cancelled() and loser.exception() is None:
            loser.result().close()


async def _best(first: _Sent, second: _Sent | None) -> _Sent:
    """The first of the two to have a good answer; if neither has, a bad answer before an error."""
    pending = {first} if second is None else {first, second}
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for each in sorted(done, key=lambda sent: sent is not first):
            if _is_good(each):
                return each
    if second is None or _has_response(first) or not _has_response(second):
        return first
    return second


def _has_response(sent: _Sent) -> bool:
    return not sent.cancelled() and sent.exception() is None


def _is_good(sent: _Sent) -> bool:
    return _has_response(sent) and is_good(sent.result())


def hedge(parts: Parts) -> Layer:
    """The layer of one route; not needed where `hedge.enabled` is false."""
    return lambda next_: HedgeLayer(next_, parts)
