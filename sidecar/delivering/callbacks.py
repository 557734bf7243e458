"""Tells the application what became of its deliveries: signed calls to configured URLs.

Bounded in number and bytes, with repetitions of their own. They are held in memory only: what a
crash takes away is still in the feed, which is the record.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.config.queue import Callback
from sidecar.core.callback import signed, wait_after
from sidecar.delivering import views
from sidecar.delivering.telling import Ended
from sidecar.errors import ExchangeError
from sidecar.exchange import BytesBody, Exchange, Handler, Request, Timeline
from sidecar.spool import Place
from sidecar.telemetry import logs
from sidecar.telemetry.delivery_stats import DeliveryStats

_MOST = 1000
_MOST_BYTES = 16 * 1024 * 1024
_AT_ONCE = 8
"""Of each route, so that one application that hangs holds up no other."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Where the callbacks of one route go."""

    config: Callback
    handler: Handler
    """Makes one attempt; the origin of the URL is bound to it."""
    path: str
    """Of the URL."""
    stats: DeliveryStats


class Callbacks:
    """The callbacks that are still to be made.

    Args:
        targets: where they go, by route; the others have none.
        clock: for stamps, deadlines and waits.
        most: how many of a route may be pending; what comes then is dropped, and counted.
        most_bytes: what all of them may take.
    """

    def __init__(
        self,
        targets: Mapping[Place, Target],
        clock: Clock,
        *,
        most: int = _MOST,
        most_bytes: int = _MOST_BYTES,
    ) -> None:
        self._targets = targets
        self._clock = clock
        self._most = most
        self._bytes_left = most_bytes
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: Counter[Place] = Counter()
        self._places: dict[Place, asyncio.Semaphore] = {}
        self._calling = 0

    def __repr__(self) -> str:
        return f"<Callbacks {len(self._tasks)} pending, {self._calling} under way>"

    @property
    def busy(self) -> bool:
        """Whether one is under way now; those that wait for their next attempt are not."""
        return self._calling > 0

    def ended(self, ended: Ended) -> None:
        """Tell the application, where its route says so."""
        place = ended.delivery.place
        target = self._targets.get(place)
        if target is None:
            return
        body = _worded(ended)  # now, so that the request is not held until it is told
        if self._pending[place] >= self._most or len(body) > self._bytes_left:
            target.stats.called("dropped")
            return
        # By the instant: what is sent again by hand counts its attempts anew, and may end alike.
        message = f"{ended.delivery.id}-{ended.state}-{round(ended.at * 1000)}"
        self._pending[place] += 1
        self._bytes_left -= len(body)
        task = asyncio.get_running_loop().create_task(self._tell(target, place, message, body))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._over(done, place, len(body)))

    def _over(self, task: asyncio.Task[None], place: Place, size: int) -> None:
        self._tasks.discard(task)
        self._pending[place] -= 1
        self._bytes_left += size

    async def close(self) -> None:
        """Make no more of them. Idempotent."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            logs.event("callbacks_dropped", level="warning", count=len(tasks))

    async def _tell(self, target: Target, place: Place, message: str, body: bytes) -> None:
        places = self._places.setdefault(place, asyncio.Semaphore(_AT_ONCE))
        for attempt in range(1, target.config.attempts + 1):
            async with places:
                if await self._call(target, message, body, attempt):
                    target.stats.called("delivered")
                    return
            if attempt < target.config.attempts:
                await self._clock.sleep(wait_after(attempt))
        target.stats.called("failed")

    async def _call(self, target: Target, message: str, body: bytes, attempt: int) -> bool:
        """Whether it was taken: any 2xx says so."""
        headers = signed(target.config.secret.reveal(), message, self._clock.wall(), body)
        now = self._clock.now()
        exchange = Exchange(
            id=f"{message}.{attempt}",
            upstream="-",
            route="-",
            request=Request("POST", target.path, headers, BytesBody(body)),
            deadline=now + target.config.timeout,
            timeline=Timeline(now),
            background=True,
        )
        self._calling += 1
        try:
            response = await target.handler(exchange)
        except ExchangeError:
            return False
        finally:
            self._calling -= 1
        response.close()
        return 200 <= response.status < 300


def _worded(ended: Ended) -> bytes:
    delivery, answer = ended.delivery, ended.answer
    value = {
        "type": f"delivery.{ended.state}",
        "timestamp": views.instant(ended.at),
        "data": {
            "id": delivery.id,
            "upstream": delivery.upstream,
            "route": delivery.route,
            "state": ended.state,
            "reason": ended.reason,
            "attempts": ended.attempts,
            "accepted_at": views.instant(delivery.accepted_at),
            "answer": None if answer is None else views.said(answer),
        },
    }
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
