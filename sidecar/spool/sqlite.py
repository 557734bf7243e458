"""A spool in a file on this machine: SQLite, with a log of changes and an `fsync` for each commit.

Several processes may add to one file; the one that holds the lock delivers. Knows what is done in
which thread; the rules are in the modules beside it.
"""

import asyncio
from collections.abc import Collection
from functools import partial
from pathlib import Path

from sidecar.exchange import RawHeaders
from sidecar.spool import sqlite_care as care
from sidecar.spool import sqlite_reading as reading
from sidecar.spool import sqlite_sending as sending
from sidecar.spool.claims import Claims
from sidecar.spool.ownership import Ownership
from sidecar.spool.records import Records
from sidecar.spool.reserve import Reserve
from sidecar.spool.sealing import Seal
from sidecar.spool.sqlite_access import Access, closed, is_full
from sidecar.spool.sqlite_adding import Bounds, Written, add
from sidecar.spool.sqlite_file import prepare, told
from sidecar.spool.sqlite_finding import Search, find
from sidecar.spool.sqlite_session import MOST_EVENTS, SqliteSession
from sidecar.spool.values import (
    Addition,
    Delivery,
    Edit,
    Events,
    Figures,
    Full,
    Place,
    Settlement,
    SpoolUnavailable,
    State,
)


class SqliteSpool:
    """A `Spool` in a file.

    Args:
        path: the file; its directory is made.
        bounds: how much there may be.
        seal: how what the application sent and got is written.
        most_events: how many changes are remembered.
    """

    durability = "sqlite-wal-full"

    def __init__(
        self, path: str, bounds: Bounds, seal: Seal, most_events: int = MOST_EVENTS
    ) -> None:
        self._path = Path(path).absolute()
        self._bounds = bounds
        self._seal = seal
        self._records = Records(seal)
        self._most_events = most_events
        self._claims = Claims()
        self._owner = sending.Owner()
        self._ownership = Ownership(self._path)
        self._reserve = Reserve(self._path, bounds.size)
        self._open: Access | None = None
        self._inode = 0

    def __repr__(self) -> str:
        return f"<SqliteSpool {self._path.name} {'open' if self._open else 'closed'}>"

    async def open(self) -> None:
        """Make the file if need be, check it, start the threads."""
        if self._open is None:
            self._inode = await asyncio.to_thread(prepare, self._path, self._seal)
            await asyncio.to_thread(self._reserve.keep)
            self._open = Access(self._path, self._session)

    async def close(self) -> None:
        """Write down what was asked for, end the threads, give the lock back."""
        access, self._open = self._open, None
        if access is not None:
            await access.close()
        self._owner.number = None
        self._claims.clear()
        self._claims.commit()
        self._ownership.release()

    async def add(self, delivery: Delivery) -> Addition:
        """Keep it; returns once it is on the disk."""
        written = Written(
            delivery,
            self._records.target(delivery.id, delivery.target),
            self._records.request(delivery.id, delivery.headers, delivery.body),
        )
        try:
            work = partial(add, written=written, bounds=self._bounds)
            return await self._access.write(work, len(written.request))
        except SpoolUnavailable as error:
            if is_full(error):
                return Full("disk")
            raise

    async def take(
        self, now: float, most: int, *, paused: Collection[Place] = ()
    ) -> list[Delivery]:
        """Claim what is due, if this process is the one that delivers (see `recover`)."""
        if self._owner.number is None:
            return []
        work = partial(sending.take, records=self._records, now=now, most=most, paused=paused)
        return await self._access.kept(work, sending.ids_of, sending.release)

    async def next_due(self, now: float, *, paused: Collection[Place] = ()) -> float | None:
        """When there is something to take; None where another process delivers."""
        work = partial(sending.next_due, now=now, paused=paused)
        return None if self._owner.number is None else await self._access.write(work)

    async def release(self, ids: Collection[str]) -> None:
        """See `Spool.release`."""
        await self._access.write(partial(sending.release, ids=ids))

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """Let them be `sending`, on the disk; queued again where the wait is cancelled."""
        work = partial(sending.fence, owner=self._owner, ids=ids, now=now)
        return await self._access.kept(work, sorted, partial(sending.unfence, now=now))

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """See `Spool.settle`."""
        if settlement.state == "sending":
            raise ValueError("only a fence makes it `sending`")
        work = partial(sending.settle, records=self._records, delivery_id=delivery_id)
        return await self._access.write(partial(work, settlement=settlement))

    async def expire(self, now: float, most: int = 1000) -> list[str]:
        """See `Spool.expire`."""
        return await self._access.write(partial(sending.expire, now=now, most=most))

    async def recover(self, now: float) -> list[str]:
        """Be the one that delivers, if nobody else is."""
        if self._owner.number is not None:
            return []
        try:
            if not await asyncio.to_thread(self._ownership.acquire):
                return []
        except OSError as error:
            raise told(error, "the lock file") from error
        number, unknown = await self._access.write(partial(sending.take_over, now=now))
        self._owner.number = number
        return unknown

    async def get(self, delivery_id: str) -> Delivery | None:
        """See `Spool.get`."""
        return await self._access.read(
            partial(reading.get, records=self._records, delivery_id=delivery_id)
        )

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
        """See `Spool.find`."""
        asked = {"upstream": upstream, "route": route}
        filters = {column: value for column, value in asked.items() if value is not None}
        search = Search(states, filters, newest_first)
        return await find(self._access, search, records=self._records, after=after, most=most)

    async def is_waiting(self, upstream: str, lane: str = "") -> bool:
        """See `Spool.is_waiting`."""
        return await self._access.read(partial(reading.is_waiting, upstream=upstream, lane=lane))

    async def is_known(self, place: Place, dedup: str, now: float) -> bool:
        """See `Spool.is_known`."""
        work = partial(reading.is_known, place=place, dedup=dedup, now=now)
        return await self._access.read(work)

    async def figures(self, now: float) -> Figures:
        """See `Spool.figures`."""
        return await self._access.read(partial(reading.figures, now=now))

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
        """See `Spool.edit`."""
        change = Edit(target, headers, body, not_before, expires_at, note)
        work = partial(care.edit, records=self._records, delivery_id=delivery_id)
        return await self._access.write(partial(work, now=now, change=change))

    async def requeue(
        self, ids: Collection[str], now: float, *, expires_at: float | None = None
    ) -> frozenset[str]:
        """See `Spool.requeue`."""
        return await self._access.write(
            partial(care.requeue, ids=ids, now=now, expires_at=expires_at)
        )

    async def discard(self, ids: Collection[str], now: float, reason: str = "") -> frozenset[str]:
        """See `Spool.discard`."""
        return await self._access.write(partial(care.discard, ids=ids, now=now, reason=reason))

    async def forget(self, older_than: float, most: int = 1000) -> int:
        """See `Spool.forget`."""
        return await self._access.write(partial(care.forget, older_than=older_than, most=most))

    async def events_after(self, cursor: int, most: int = 100) -> Events:
        """See `Spool.events_after`."""
        return await self._access.read(partial(reading.events_after, cursor=cursor, most=most))

    def snapshot(self) -> dict[str, object]:
        """See `Spool.snapshot`."""
        return {
            "kind": "sqlite",
            "durability": self.durability,
            "open": self._open is not None,
            "delivers": self._owner.number is not None,
            "in_hand": len(self._claims),
            "commits": self._open.commits if self._open is not None else 0,
        }

    @property
    def _access(self) -> Access:
        if self._open is None:
            raise closed()
        return self._open

    def _session(self) -> SqliteSession:
        return SqliteSession(
            self._path, lambda: self._inode, self._claims, self._reserve, self._most_events
        )
