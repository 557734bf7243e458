"""Calls to one upstream that are made before anybody asks, so that their answers are stored.

Bounded in number, made only while the upstream has little to do. Knows nothing of how their
targets come about, or of what stores them.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import NamedTuple, TypeAlias

from sidecar.clock import Clock
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, RawHeaders, Request, Timeline
from sidecar.flights.own_call import Destination, Find, read_through
from sidecar.telemetry.prefetch_stats import PrefetchStats

_AT_ONCE = 16
_QUEUE = 100
_PATIENCE = 30.0
"""Seconds that one call may take, its body included."""
_LONGEST = 16 * 1024 * 1024
"""Bytes of an answer after which it is given up: nobody keeps it."""

_Key: TypeAlias = tuple[str, tuple[tuple[bytes, bytes], ...]]


class _Call(NamedTuple):
    exchange: Exchange
    destination: Destination
    stats: PrefetchStats

    @property
    def key(self) -> _Key:
        request = self.exchange.request
        return request.target, tuple(request.headers)


class Ahead:
    """The calls that are made ahead to one upstream, for all its routes.

    Args:
        find: the route that a target belongs to; None where it keeps no answers.
        calm: whether the upstream can take calls that nobody waits for.
        clock: for the timelines of the calls.
        at_once: the most that are under way.
        queue: the most that wait.
    """

    def __init__(
        self,
        find: Find,
        calm: Callable[[], bool],
        clock: Clock,
        *,
        at_once: int = _AT_ONCE,
        queue: int = _QUEUE,
    ) -> None:
        self._find = find
        self._calm = calm
        self._clock = clock
        self._at_once = at_once
        self._most_waiting = queue
        self._waiting: deque[_Call] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._pending: set[_Key] = set()
        """What waits or is under way."""
        self._number = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Ahead {len(self._running)} under way, {len(self._waiting)} waiting>"

    def snapshot(self) -> dict[str, int]:
        """How it stands, for people."""
        return {"under_way": len(self._running), "waiting": len(self._waiting)}

    def offer(
        self, cause: Exchange, targets: Iterable[str], headers: RawHeaders, stats: PrefetchStats
    ) -> None:
        """Make these calls soon, or never: nobody depends on them.

        Args:
            cause: the exchange that they follow; it gives them its upstream, and an id by which
                they can be told to be its.
            targets: what to GET.
            headers: the fields of each request.
            stats: counts what becomes of them.
        """
        calm = cache(self._calm)  # it is the same for all of them, and may look at many breakers
        for target in targets:
            self._offer(cause, target, headers, stats, calm)

    def _offer(
        self,
        cause: Exchange,
        target: str,
        headers: RawHeaders,
        stats: PrefetchStats,
        calm: Callable[[], bool],
    ) -> None:
        destination = self._find(target)
        if destination is None:
            stats.skip("not_kept")
            return
        self._number += 1
        exchange = Exchange(
            id=f"{cause.id}.p{self._number:x}",
            upstream=cause.upstream,
            route=destination.route,
            request=Request("GET", target, list(headers)),
            deadline=float("inf"),
            timeline=Timeline(self._clock.now()),
            patient=False,
            background=True,
        )
        call = _Call(exchange, destination, stats)
        if call.key in self._pending:
            stats.skip("under_way")
        elif self._closed or not calm():
            stats.skip("not_calm")
        elif len(self._running) < self._at_once:
            self._pending.add(call.key)
            self._begin(call)
        elif len(self._waiting) < self._most_waiting:
            self._pending.add(call.key)
            self._waiting.append(call)
        else:
            stats.skip("queue_full")

    def _begin(self, call: _Call) -> None:
        task = asyncio.get_running_loop().create_task(self._make(call))
        self._running.add(task)
        task.add_done_callback(partial(self._ended, call))  # also of a task that never began

    async def _make(self, call: _Call) -> None:
        now = self._clock.now()
        call.exchange.timeline.started = now
        call.exchange.deadline = now + _PATIENCE
        status: int | None = None
        try:
            async with asyncio.timeout(_PATIENCE):
                status = await read_through(call.destination, call.exchange, _LONGEST)
        except (ExchangeError, TimeoutError):
            pass  # whoever asks next is told
        finally:
            good = status is not None and status < 400
            call.stats.fetched += good
            call.stats.failed += not good

    def _ended(self, call: _Call, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._pending.discard(call.key)
        while self._waiting and len(self._running) < self._at_once:
            following = self._waiting.popleft()
            if self._calm():
                self._begin(following)
            else:
                self._pending.discard(following.key)
                following.stats.skip("not_calm")

    async def close(self) -> None:
        """End all calls, and begin none any more. Idempotent."""
        self._closed = True
        self._waiting.clear()
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._pending.clear()


class PrefetchedKeys:
    """The keys of answers that were fetched ahead and that nobody has asked for yet; bounded.

    Args:
        most: how many are remembered; the oldest go first, and then count as never asked for.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    def fetching(self, key: str) -> None:
        """An answer for this key is being fetched ahead."""
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)

    def asked(self, key: str) -> bool:
        """Somebody asks for this key: whether that is the first time since it was fetched ahead."""
        found = key in self._keys
        self._keys.pop(key, None)
        return found
