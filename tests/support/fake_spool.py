"""A Spool in memory for tests of what works with one: the reference of the real ones, made async.

`down` makes every call fail; `calls` tells in which order it was asked.
"""

import asyncio
from collections.abc import Collection
from typing import Any

from sidecar.exchange import RawHeaders
from sidecar.spool import (
    Addition,
    Delivery,
    Event,
    Events,
    Figures,
    Place,
    Settlement,
    SpoolUnavailable,
    State,
)
from tests.support.spool_kept import Kept, seen
from tests.support.spool_reference import Reference


class FakeSpool:
    """Keeps everything as long as the test lasts."""

    durability = "memory-for-tests"

    def __init__(self, most: int = 1000) -> None:
        self.reference = Reference(most)
        self.down = False
        self.calls: list[str] = []
        self.recovered: list[str] = []
        """What the next `recover` says."""

    async def _asked(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if self.down:
            raise SpoolUnavailable("down")

    def __getitem__(self, delivery_id: str) -> Kept:
        return self.reference.kept[delivery_id]

    async def open(self) -> None:
        await self._asked("open")

    async def close(self) -> None:
        self.calls.append("close")

    async def add(self, delivery: Delivery) -> Addition:
        await self._asked("add")
        return self.reference.add(delivery)

    async def take(
        self, now: float, most: int, *, paused: Collection[Place] = ()
    ) -> list[Delivery]:
        await self._asked("take")
        found = self.reference.take(now, most, paused)
        return [seen(self[each]) for each in found]

    async def next_due(self, now: float, *, paused: Collection[Place] = ()) -> float | None:
        await self._asked("next_due")
        return self.reference.next_due(now, paused)

    async def release(self, ids: Collection[str]) -> None:
        await self._asked("release")
        self.reference.release(ids)

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        await self._asked("fence")
        return self.reference.fence(ids, now)

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        await self._asked("settle")
        return self.reference.settle(delivery_id, settlement)

    async def expire(self, now: float, most: int = 1000) -> list[str]:
        await self._asked("expire")
        return sorted(self.reference.expire(now))

    async def recover(self, now: float) -> list[str]:
        await self._asked("recover")
        found, self.recovered = self.recovered, []
        return found

    async def get(self, delivery_id: str) -> Delivery | None:
        await self._asked("get")
        found = self.reference.kept.get(delivery_id)
        return None if found is None else seen(found)

    async def find(
        self,
        *,
        states: Collection[State] = (),
        upstream: str | None = None,
        route: str | None = None,
        after: str | None = None,
        most: int = 100,
        newest_first: bool = False,
    ) -> list[Delivery]:
        await self._asked("find")
        wanted = {"upstream": upstream, "route": route}
        found = [
            each
            for _, each in sorted(self.reference.kept.items(), reverse=newest_first)
            if (not states or each.state in states)
            and all(value in (None, getattr(each.first, name)) for name, value in wanted.items())
            and (after is None or (each.id < after if newest_first else each.id > after))
        ]
        return [seen(each) for each in found[:most]]

    async def is_waiting(self, upstream: str, lane: str = "") -> bool:
        await self._asked("is_waiting")
        return self.reference.is_waiting(upstream, lane)

    async def is_known(self, place: Place, dedup: str, now: float) -> bool:
        await self._asked("is_known")
        return self.reference.is_known(place, dedup, now)

    async def figures(self, now: float) -> Figures:
        await self._asked("figures")
        return Figures(counts=self.reference.counts(), bytes=0, oldest_due=None)

    async def edit(
        self,
        delivery_id: str,
        now: float,
        *,
        target: str | None = None,
        headers: RawHeaders | None = None,
        body: bytes | None = None,
        not_before: float | None = None,
        expires_at: float | None = None,
        note: str | None = None,
    ) -> bool:
        await self._asked("edit")
        given: dict[str, Any] = {
            "target": target,
            "headers": headers,
            "body": body,
            "not_before": not_before,
            "expires_at": expires_at,
            "note": note,
        }
        change = {name: value for name, value in given.items() if value is not None}
        return self.reference.edit(delivery_id, now, **change)

    async def requeue(
        self, ids: Collection[str], now: float, *, expires_at: float | None = None
    ) -> frozenset[str]:
        await self._asked("requeue")
        again = self.reference.requeue(ids, now)
        for each in again:
            self[each].expires_at = expires_at or self[each].expires_at
        return again

    async def discard(self, ids: Collection[str], now: float, reason: str = "") -> frozenset[str]:
        await self._asked("discard")
        gone = self.reference.discard(ids, now)
        for each in gone:
            self[each].reason = reason
        return gone

    async def forget(self, older_than: float, most: int = 1000) -> int:
        await self._asked("forget")
        return self.reference.forget(older_than)

    async def events_after(self, cursor: int, most: int = 100) -> Events:
        await self._asked("events_after")
        events: list[Event] = self.reference.events
        last = events[-1].cursor if events else 0
        found = [each for each in events if each.cursor > cursor][:most]
        gap = cursor > last
        return Events(found, found[-1].cursor if found else last, gap)

    def snapshot(self) -> dict[str, object]:
        return {}
