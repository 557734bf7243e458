"""Delivers: takes what is due, sends it, writes down what became of it.

Bounded for each route, so that a slow upstream holds up no other. While a breaker is open its
routes rest, and no attempt is burnt. Memory holds what is under way and nothing of what waits.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from sidecar.clock import Clock
from sidecar.core import delivery as core
from sidecar.delivering.attempt import Outcome, attempt, counted_as, in_doubt
from sidecar.delivering.fence import Fence
from sidecar.delivering.rooms import Rooms
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Outlet, Outlets
from sidecar.spool import Delivery, Place, Spool, SpoolUnavailable
from sidecar.tasks import end
from sidecar.telemetry import logs

_LOOK = 1.0
"""Seconds after which the spool is asked again, because others may have added to it."""
_NOTHING_AFTER_ALL = 0.05
_TROUBLE = 1.0
"""Seconds to wait for a spool that does not answer."""
_LAST_WORDS = 1.0
"""Seconds in which what was cut off can still be written down."""
_FAULT_WAIT = 60.0

_faults = logging.getLogger("sidecar.fault")


class Worker:
    """Makes the deliveries of all routes.

    Args:
        spool: where they are.
        outlets: where they go.
        settling: writes down what became of them, and tells it.
        clock: where time comes from.
        draw: a random number in [0, 1) each time.
    """

    def __init__(
        self,
        spool: Spool,
        outlets: Outlets,
        settling: Settling,
        clock: Clock,
        draw: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._outlets = outlets
        self._settling = settling
        self._clock = clock
        self._draw = draw
        self._bell = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._rooms = Rooms(outlets)
        self._loop: asyncio.Task[None] | None = None
        self._draining = False
        self._astray: list[str] = []
        """Taken, and not to be begun; until they are given back."""

    def __repr__(self) -> str:
        return f"<Worker {self._rooms!r}>"

    @property
    def busy(self) -> bool:
        """Whether a delivery is under way."""
        return bool(self._running)

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people."""
        return self._rooms.snapshot(self._clock.now())

    def start(self) -> None:
        """Begin."""
        self._loop = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """There may be something to deliver."""
        self._bell.set()

    def drain(self) -> None:
        """Take nothing more; what is under way goes on."""
        self._draining = True
        self._bell.set()

    async def close(self) -> None:
        """End what is under way: it goes back, or is in doubt if it may have been sent."""
        self.drain()
        running = tuple(self._running)
        if self._loop is not None:
            await end(self._loop)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self) -> None:
        while not self._draining:
            self._bell.clear()
            try:
                began = await self._begin_some()
                wait = 0.0 if began else await self._until_next()
            except SpoolUnavailable:
                began, wait = 0, _TROUBLE
            except Exception as fault:
                _faults.error("the worker of the queue failed", exc_info=fault)
                began, wait = 0, _TROUBLE
            if not began:
                await self._rest(wait)

    async def _begin_some(self) -> int:
        """Take as many as every route that is open has room for, and begin them."""
        await self._give_back()
        paused = self._rooms.paused(self._clock.now())
        room = self._rooms.room(paused)
        if room <= 0:
            return 0
        taken = await self._spool.take(self._clock.wall(), room, paused=paused)
        self._astray = [each.id for each in taken if not self._begin(each)]
        await self._give_back()
        return len(taken)

    async def _give_back(self) -> None:
        if self._astray:
            await self._spool.release(self._astray)
            self._astray = []

    def _begin(self, delivery: Delivery) -> bool:
        """Begin one; False where it cannot be: it has no route, or nothing is begun any more."""
        outlet = self._outlets.get(delivery.place)
        if outlet is None and self._rooms.stray(delivery.place):
            name = "/".join(delivery.place)
            logs.event("delivery_without_route", level="warning", route=name)
        if outlet is None or self._draining:
            return False
        self._rooms.begin(delivery.place)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, outlet))
        self._running.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, delivery.place))
        return True

    def _ended(self, task: asyncio.Task[None], place: Place) -> None:
        self._running.discard(task)
        self._rooms.end(place)
        self._bell.set()
        if not task.cancelled() and (fault := task.exception()) is not None:
            _faults.error("a delivery failed inside the sidecar", exc_info=fault)

    async def _until_next(self) -> float:
        """Seconds until there may be something to take."""
        now = self._clock.now()
        paused = self._rooms.paused(now)
        wait = min(self._rooms.until_rested(now), _LOOK)
        if not self._outlets.keys() <= paused:
            wall = self._clock.wall()
            due = await self._spool.next_due(wall, paused=paused)
            if due is not None:
                wait = min(wait, due - wall)
        return max(wait, _NOTHING_AFTER_ALL)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass

    async def _deliver(self, delivery: Delivery, outlet: Outlet) -> None:
        fence = Fence(self._spool, delivery, self._clock)
        known = self._settling.known(delivery.id)
        try:
            if isinstance(known, core.Delivered):
                outcome = Outcome(known)
            else:
                outcome = await attempt(delivery, outlet, fence, self._clock, self._draw())
        except asyncio.CancelledError:
            await self._cut_off(delivery, outlet, fence)
            raise
        except Exception as fault:
            _faults.error("a delivery failed inside the sidecar", exc_info=fault)
            outcome = Outcome(self._after_fault(delivery, outlet, fence))
        try:
            await self._end(delivery, outlet, fence, outcome)
        except asyncio.CancelledError:
            await self._last_words(delivery, fence, outcome)
            raise

    def _after_fault(self, delivery: Delivery, outlet: Outlet, fence: Fence) -> core.Fate:
        if not fence.passed:
            return core.Again(self._clock.wall() + _FAULT_WAIT, "internal_error")
        begun = replace(delivery, attempts=delivery.attempts + 1)
        return in_doubt(begun, outlet.rule, "internal_error", self._clock, self._draw())

    async def _end(
        self, delivery: Delivery, outlet: Outlet, fence: Fence, outcome: Outcome
    ) -> None:
        fate = outcome.fate
        outlet.stats.attempt(counted_as(fate, fence))
        if fence.lost:  # whoever has it now says what becomes of it
            return
        if (
            isinstance(fate, core.Again)
            and not fence.asked
            and await self._put_back(delivery, outlet, fate)
        ):
            return
        tries = delivery.attempts + fence.passed
        await self._settling.settle(delivery, fate, tries, outcome.answer)

    async def _put_back(self, delivery: Delivery, outlet: Outlet, fate: core.Again) -> bool:
        """As if it had not been taken, where all of its route rests or the sidecar stops."""
        if fate.resting is not None and outlet.rule.rests_whole:
            self._rooms.rest(delivery.place, self._clock.now() + fate.resting)
        elif fate.reason != "draining":
            return False
        try:
            await self._spool.release([delivery.id])
        except SpoolUnavailable:
            return False
        return True

    async def _cut_off(self, delivery: Delivery, outlet: Outlet, fence: Fence) -> None:
        """The sidecar stops in the middle of it."""
        if fence.passed:
            begun = replace(delivery, attempts=delivery.attempts + 1)
            fate = in_doubt(begun, outlet.rule, "draining", self._clock, self._draw())
        else:
            fate = core.Again(self._clock.wall(), "draining")
        outlet.stats.attempt(counted_as(fate, fence))
        await self._last_words(delivery, fence, Outcome(fate))

    async def _last_words(self, delivery: Delivery, fence: Fence, outcome: Outcome) -> None:
        """Write it down once more, shortly. If that fails, the next start finds it in doubt."""
        if fence.lost:
            return
        try:
            async with asyncio.timeout(_LAST_WORDS):
                if isinstance(outcome.fate, core.Again) and not fence.asked:
                    await self._spool.release([delivery.id])
                    return
                tries = delivery.attempts + fence.passed
                await self._settling.settle(delivery, outcome.fate, tries, outcome.answer)
        except (TimeoutError, SpoolUnavailable):
            pass
