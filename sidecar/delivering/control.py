"""Steers deliveries by hand: what there is, sending dead letters again, discarding, editing.

Bulk replay runs beside all else, at a rate. What may be done in which state is the spool's rule.
"""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sidecar.clock import Clock
from sidecar.delivering import views
from sidecar.delivering.telling import Outlets
from sidecar.delivering.worker import Worker
from sidecar.exchange import RawHeaders
from sidecar.spool import REPEATABLE, Delivery, Spool, SpoolUnavailable, State

_PAGE = 500
_AUTHORIZATION = b"authorization"
_USUAL_EXPIRY = 3600.0
"""Seconds, for a route that the configuration does not have any more."""


class Selection(NamedTuple):
    """Which deliveries."""

    states: tuple[State, ...] = ()
    """() for all."""
    upstream: str | None = None
    route: str | None = None


class Change(NamedTuple):
    """What is changed of a delivery; None leaves it. Times are seconds from now."""

    after: float | None = None
    expires: float | None = None
    body: bytes | None = None
    note: str | None = None
    authorization: str | None = None
    """The field `Authorization`, where the token that it was accepted with has run out."""


class Control:
    """The queue, for people.

    Args:
        spool: where the deliveries are.
        outlets: their routes.
        worker: is woken when there is something to send again.
        clock: where time comes from.
    """

    def __init__(self, spool: Spool, outlets: Outlets, worker: Worker, clock: Clock) -> None:
        self._spool = spool
        self._outlets = outlets
        self._worker = worker
        self._clock = clock
        self._replay: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Control of {self._spool!r}>"

    async def rows(self, chosen: Selection, after: str | None, most: int) -> list[dict[str, Any]]:
        """Deliveries, by acceptance."""
        return [{**views.overview(each)} for each in await self._find(chosen, after, most)]

    async def show(self, delivery_id: str) -> dict[str, Any] | None:
        """One of them, redacted; None where there is none."""
        found = await self._spool.get(delivery_id)
        return None if found is None else {**views.for_people(found)}

    async def snapshot(self) -> dict[str, Any]:
        """How it all stands."""
        figures = await self._spool.figures(self._clock.wall())
        return {
            "deliveries": dict(figures.counts),
            "bytes": figures.bytes,
            "oldest_due_seconds": figures.oldest_due,
            "durability": self._spool.durability,
            "replaying": self._replay is not None and not self._replay.done(),
            **self._worker.snapshot(),
        }

    async def replay(self, ids: Sequence[str]) -> int:
        """Send these again. How many can be: those that failed, expired, or are in doubt."""
        found = [each for name in ids if (each := await self._spool.get(name)) is not None]
        return await self._requeue(found)

    async def replay_all(self, chosen: Selection) -> int:
        """Send all of them again, at once. How many it was."""
        count, after = 0, None
        while page := await self._find(chosen, after, _PAGE):
            count += await self._requeue(page)
            after = page[-1].id
        return count

    def replay_slowly(self, chosen: Selection, rate: float) -> bool:
        """Begin to send all of them again, `rate` a second. False where that is under way."""
        if self._replay is not None and not self._replay.done():
            return False
        self._replay = asyncio.get_running_loop().create_task(self._trickle(chosen, rate))
        return True

    async def discard(self, ids: Sequence[str], reason: str) -> int:
        """Never send these. How many it was."""
        return len(await self._spool.discard(ids, self._clock.wall(), reason))

    async def discard_all(self, chosen: Selection, reason: str) -> int:
        """Never send any of them. How many it was."""
        count, after = 0, None
        while page := await self._find(chosen, after, _PAGE):
            count += await self.discard([each.id for each in page], reason)
            after = page[-1].id
        return count

    async def edit(self, delivery_id: str, change: Change) -> bool:
        """Change it; False where that cannot be: it is gone, under way or done."""
        found = await self._spool.get(delivery_id)
        if found is None:
            return False
        now, body = self._clock.wall(), change.body
        edited = await self._spool.edit(
            delivery_id,
            now,
            headers=_changed(found.headers, change),
            body=body,
            not_before=None if change.after is None else now + change.after,
            expires_at=None if change.expires is None else now + change.expires,
            note=change.note,
        )
        self._worker.wake()
        return edited

    async def close(self) -> None:
        """End what is under way. Idempotent."""
        if self._replay is not None:
            self._replay.cancel()
            await asyncio.gather(self._replay, return_exceptions=True)

    async def _find(self, chosen: Selection, after: str | None, most: int) -> list[Delivery]:
        return await self._spool.find(
            states=chosen.states,
            upstream=chosen.upstream,
            route=chosen.route,
            after=after,
            most=most,
        )

    async def _trickle(self, chosen: Selection, rate: float) -> None:
        after = None
        while True:
            try:
                page = await self._find(chosen, after, _PAGE)
                if not page:
                    return
                for each in page:
                    await self._requeue([each])
                    after = each.id
                    await self._clock.sleep(1 / rate)
            except SpoolUnavailable:
                await self._clock.sleep(1.0)

    async def _requeue(self, deliveries: Sequence[Delivery]) -> int:
        """In the order of their acceptance within each route; each may last as long as a new one.

        Those in states that cannot be sent again are passed over.
        """
        count, now = 0, self._clock.wall()
        fit = sorted(
            (each for each in deliveries if each.state in REPEATABLE),
            key=lambda each: (each.place, each.id),
        )
        for place, group in groupby(fit, key=lambda each: each.place):
            outlet = self._outlets.get(place)
            lasts = outlet.rule.queue.expires if outlet is not None else _USUAL_EXPIRY
            ids = [each.id for each in group]
            count += len(await self._spool.requeue(ids, now, expires_at=now + lasts))
        self._worker.wake()
        return count


def _changed(headers: RawHeaders, change: Change) -> RawHeaders | None:
    """The fields for a request that is changed so; None where they stay."""
    if change.body is None and change.authorization is None:
        return None
    given = change.authorization
    kept = [field for field in headers if given is None or field[0].lower() != _AUTHORIZATION]
    if given is not None:
        kept.append((b"Authorization", given.encode("latin-1")))
    if change.body is None:
        return kept
    length = b"%d" % len(change.body)
    return [(name, length if name.lower() == b"content-length" else value) for name, value in kept]
