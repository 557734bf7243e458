"""What must be done for the spool now and then: take over, expire, forget, count.

Knows times only; what becomes of a delivery in doubt is decided in `core/delivery.py`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from sidecar.clock import Clock
from sidecar.core.delivery import Fate, Unknown
from sidecar.delivering.attempt import in_doubt
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Outlets
from sidecar.delivering.webhooks import settle_noted
from sidecar.spool import Delivery, Spool, SpoolDamaged, SpoolUnavailable, State
from sidecar.tasks import end
from sidecar.telemetry.delivery_stats import SpoolStats

_EVERY = 2.0
_FORGET_EVERY = 60.0
_AT_A_TIME = 1000
CRASHED = "interrupted"
"""The reason of what was being sent when whoever sent it was gone."""

_faults = logging.getLogger("sidecar.fault")


class Upkeep:
    """Keeps one spool in order.

    Args:
        spool: which.
        outlets: what holds for its deliveries.
        settling: writes down what becomes of those in doubt, and tells it.
        clock: where time comes from.
        draw: a random number in [0, 1) each time.
        retention: seconds for which what has ended is kept.
        wake: called when something may be due that was not.
    """

    def __init__(
        self,
        spool: Spool,
        outlets: Outlets,
        settling: Settling,
        clock: Clock,
        *,
        draw: Callable[[], float],
        retention: float,
        wake: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._outlets = outlets
        self._settling = settling
        self._clock = clock
        self._draw = draw
        self._retention = retention
        self._wake = wake
        self._forgotten_at = float("-inf")
        self._interrupted: deque[str] = deque()
        """What was taken over, until it is resolved: the spool says it once."""
        self._looked_back = False
        self._loop: asyncio.Task[None] | None = None
        self.stats = SpoolStats()

    def __repr__(self) -> str:
        return f"<Upkeep of {self._spool!r}>"

    def start(self) -> None:
        """Go on doing it, the first time at once."""
        self._loop = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End. Idempotent."""
        if self._loop is not None:
            await end(self._loop)

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception as fault:
                _faults.error("the upkeep of the spool failed", exc_info=fault)
            await self._clock.sleep(_EVERY)

    async def once(self) -> None:
        """Do all that is to be done now; a spool that does not answer is noted, and no error."""
        try:
            await self._spool.open()
            await self._recover()
            await settle_noted(self._spool, self._settling, self._clock)
            await self._expire()
            await self._forget()
            await self._count()
        except SpoolUnavailable:
            self.stats.up = False
        else:
            self.stats.up = True

    async def _recover(self) -> None:
        """Take over what was being sent by who is gone: nobody knows whether it was."""
        found = await self._spool.recover(self._clock.wall())
        self._interrupted.extend(found)
        while self._interrupted:
            delivery = await self._get(self._interrupted[0])
            self._interrupted.popleft()
            if delivery is not None and delivery.state == "unknown":
                await self._resolve(delivery)
        if not self._looked_back:
            await self._look_back()
            self._looked_back = True
        if found:
            self._wake()

    async def _look_back(self) -> None:
        """Resolve what somebody took over who died before he could say what follows.

        Only what is not expired: doubts of long ago were seen, and are for people.
        """
        after, unknown = None, frozenset[State](("unknown",))
        while page := await self._spool.find(states=unknown, after=after, most=_AT_A_TIME):
            for each in page:
                left = each.reason == CRASHED and each.expires_at > self._clock.wall()
                delivery = await self._get(each.id) if left else None
                if delivery is not None and delivery.state == "unknown":
                    await self._resolve(delivery, told=True)
            after = page[-1].id

    async def _resolve(self, delivery: Delivery, *, told: bool = False) -> None:
        """Say what follows; `told`: that it is in doubt was said, as far as anybody knows."""
        outlet = self._outlets.get(delivery.place)
        fate: Fate = Unknown(CRASHED)
        if outlet is not None:
            fate = in_doubt(delivery, outlet.rule, CRASHED, self._clock, self._draw())
        if isinstance(fate, Unknown):  # it is already
            if not told:
                self._tell(delivery, "unknown", CRASHED)
        else:
            await self._settling.settle(delivery, fate, delivery.attempts)

    async def _expire(self) -> None:
        while expired := await self._spool.expire(self._clock.wall(), _AT_A_TIME):
            for delivery_id in expired:
                delivery = await self._get(delivery_id)
                if delivery is not None:
                    self._tell(delivery, "expired", "expired")
            self._wake()  # what was behind them in their lanes
            if len(expired) < _AT_A_TIME:
                return

    async def _get(self, delivery_id: str) -> Delivery | None:
        """None where it is gone, or cannot be read: that is for people, and holds up no other."""
        try:
            return await self._spool.get(delivery_id)
        except SpoolDamaged:
            return None

    async def _forget(self) -> None:
        now = self._clock.now()
        if now - self._forgotten_at < _FORGET_EVERY:
            return
        older_than = self._clock.wall() - self._retention
        while await self._spool.forget(older_than, _AT_A_TIME) >= _AT_A_TIME:
            pass
        self._forgotten_at = now

    async def _count(self) -> None:
        figures = await self._spool.figures(self._clock.wall())
        stats = self.stats
        stats.depth = dict[str, int](figures.counts.items())
        stats.bytes = figures.bytes
        stats.oldest = figures.oldest_due or 0.0

    def _tell(self, delivery: Delivery, state: State, reason: str) -> None:
        self._settling.tell(delivery, state, reason, delivery.attempts)
