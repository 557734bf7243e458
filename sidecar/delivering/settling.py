"""Writes down what became of deliveries, however long the spool takes to do so.

Turns what `core/delivery.py` decided into what the spool is told.
"""

from collections import OrderedDict
from itertools import islice

from sidecar.clock import Clock
from sidecar.core import delivery as core
from sidecar.delivering.telling import Ended, Telling
from sidecar.spool import Answer, Delivery, Settlement, Spool, SpoolUnavailable, State

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
_MOST_EVIDENCE = 10_000

DONE: frozenset[State] = frozenset(("delivered", "failed", "expired", "unknown"))
"""States of which the application is told."""


def settlement(fate: core.Fate, now: float, answer: Answer | None = None) -> Settlement:
    """What the spool is to be told."""
    match fate:
        case core.Delivered(reason):
            return Settlement(state="delivered", now=now, reason=reason, answer=answer)
        case core.Again(at, reason):
            return Settlement(state="queued", now=now, reason=reason, not_before=at, answer=answer)
        case core.Failed(reason, why):
            state: State = "expired" if why == "expired" else "failed"
            return Settlement(state=state, now=now, reason=reason, answer=answer)
        case core.Unknown(reason):
            return Settlement(state="unknown", now=now, reason=reason, answer=answer)


class Settling:
    """Where it is written down, and who is told then.

    Args:
        spool: where.
        telling: who.
        clock: for instants, and waits while the spool does not do its part.
    """

    def __init__(self, spool: Spool, telling: Telling, clock: Clock) -> None:
        self._spool = spool
        self._telling = telling
        self._clock = clock
        self._evidence: OrderedDict[str, core.Fate] = OrderedDict()
        """What webhooks said of deliveries that were under way; bounded."""

    def __repr__(self) -> str:
        return f"<Settling in {self._spool!r}>"

    def note(self, delivery_id: str, fate: core.Fate) -> None:
        """It is known from elsewhere what became of one that is still under way."""
        self._evidence[delivery_id] = fate
        self._evidence.move_to_end(delivery_id)
        if len(self._evidence) > _MOST_EVIDENCE:
            self._evidence.popitem(last=False)

    def known(self, delivery_id: str) -> core.Fate | None:
        """What became of it, as is known from elsewhere."""
        return self._evidence.get(delivery_id)

    def noted(self, most: int) -> list[tuple[str, core.Fate]]:
        """Some of those of which something is known from elsewhere; others the next time."""
        found = list(islice(self._evidence.items(), most))
        for delivery_id, _ in found:
            self._evidence.move_to_end(delivery_id)
        return found

    def forget(self, delivery_id: str) -> None:
        """It has ended: what is known of it from elsewhere is of no use any more."""
        self._evidence.pop(delivery_id, None)

    async def settle(
        self, delivery: Delivery, fate: core.Fate, tries: int, answer: Answer | None = None
    ) -> bool:
        """Have it written down, as often as it takes; then tell. False if it was not ours any more.

        Args:
            delivery: as it was taken.
            fate: what became of it.
            tries: attempts that were begun.
            answer: of the upstream, where there is one.
        """
        heard = self.known(delivery.id)
        if heard is not None and not isinstance(fate, core.Delivered):
            fate = heard  # the answer was lost, and the upstream said it by another way
        told = settlement(fate, self._clock.wall(), answer)
        wait = _FIRST_WAIT
        while True:
            try:
                settled = await self._settle(delivery, told, tries)
                break
            except SpoolUnavailable:
                await self._clock.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
        if heard is not None:
            self._evidence.pop(delivery.id, None)
        elif settled and told.state == "unknown" and self.known(delivery.id) is not None:
            await self.settle(delivery, fate, tries)  # it came while that was written down
        return settled

    async def settle_now(self, delivery: Delivery, fate: core.Fate, tries: int) -> bool:
        """As `settle`, but once: for who can come again.

        Raises:
            SpoolUnavailable: it may be written down or not.
        """
        return await self._settle(delivery, settlement(fate, self._clock.wall()), tries)

    async def _settle(self, delivery: Delivery, told: Settlement, tries: int) -> bool:
        if not await self._spool.settle(delivery.id, told):
            return False
        if told.state in DONE:
            self.tell(delivery, told.state, told.reason, tries, told.answer)
        else:
            self._telling.changed()
        return True

    def tell(
        self,
        delivery: Delivery,
        state: State,
        reason: str,
        tries: int,
        answer: Answer | None = None,
    ) -> None:
        """It has ended, as the spool knows already."""
        self._telling.ended(Ended(delivery, state, reason, tries, self._clock.wall(), answer))
