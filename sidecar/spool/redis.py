"""A spool in a Redis server, which several sidecars fill and empty together.

What is in hand is in a stream with a consumer group: each sidecar is a consumer, and what a dead
one had is taken over after a lease. Each step is one script, so nothing comes in between. Needs
the extra `redis`; imported only where configured. The rules are in `scripts/`.
"""

import asyncio
import secrets
from collections.abc import Collection

from sidecar.config.spool import RedisSpool as RedisSpoolConfig
from sidecar.exchange import RawHeaders
from sidecar.spool.in_order import InOrder
from sidecar.spool.kept import kept
from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_editing import edit
from sidecar.spool.redis_finding import find
from sidecar.spool.redis_hand import Hand
from sidecar.spool.redis_reading import addition, events_after, figures, is_known, is_waiting
from sidecar.spool.redis_rows import hash_of, instant, whole
from sidecar.spool.redis_server import Refused, SpoolServer, texts
from sidecar.spool.sealing import Seal
from sidecar.spool.values import (
    Addition,
    Delivery,
    Edit,
    Events,
    Figures,
    Full,
    Place,
    Settlement,
    SpoolDamaged,
    SpoolUnavailable,
    State,
)

_LAST_WORDS = 0.25
"""Seconds for giving claims back at the end: the platform does not wait for long."""


class RedisSpool:
    """A `Spool` in a server.

    Args:
        config: where it is, and how much there may be.
        seal: how what the application sent and got is written.

    Raises:
        ValueError: the URL cannot be understood.
    """

    def __init__(self, config: RedisSpoolConfig, seal: Seal) -> None:
        self._config = config
        self._seal = seal
        self._records = Records(seal)
        self._server = SpoolServer(config.url.secret, config.prefix, config.timeout)
        self._consumer = secrets.token_hex(8)
        self._hand = Hand(self._server, self._records, self._consumer, config.lease)
        self._lanes = InOrder()
        self._is_open = False
        self._undoing: set[asyncio.Task[None]] = set()
        self.durability = "redis-unknown"

    def __repr__(self) -> str:
        return f"<RedisSpool {self._consumer} at {self._server!r}>"

    async def open(self) -> None:
        """See whether the server can be used, or how safe it is by now; give signs of life."""
        if self._is_open:
            self.durability = await self._server.durability() or self.durability
            return
        try:
            self.durability = await self._server.open(self._seal)
        except BaseException:
            await self._server.close()
            raise
        self._hand.start()
        self._is_open = True

    async def close(self) -> None:
        """Give claims back. What is being sent becomes `unknown` after the lease."""
        if not self._is_open:
            return
        self._is_open = False
        await asyncio.gather(*self._undoing, return_exceptions=True)
        left = await self._hand.stop()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._hand.clear_up()
                await self._server.run("release", self._consumer, *left)
        except (SpoolUnavailable, TimeoutError):
            pass  # then it is taken over
        await self._server.close()

    async def add(self, delivery: Delivery) -> Addition:
        """Keep it; returns once the server has it, and has written it as it is told to."""
        bounds = (self._config.max_deliveries, self._config.max_size)
        values = hash_of(delivery, self._records)
        asked = asyncio.get_running_loop().time()
        try:
            async with self._lanes.turn(delivery.lane):  # connections overtake each other
                self._server.check_answered(asked)
                said = await self._server.run("add", *bounds, delivery.id, *values, again=True)
        except Refused as error:
            return Full("size" if error.what == "size" else "disk")
        return addition(said, delivery.id)

    async def take(
        self, now: float, most: int, *, paused: Collection[Place] = ()
    ) -> list[Delivery]:
        """Claim what is due. What cannot be read becomes a dead letter, and is left as it is."""
        places = [f"{place.upstream}/{place.route}" for place in paused]
        return await kept(self._hand.take(now, [instant(now), most, *places]), self._undo)

    async def next_due(self, now: float, *, paused: Collection[Place] = ()) -> float | None:
        """When there is something to take."""
        places = [f"{place.upstream}/{place.route}" for place in paused]
        said = await self._server.run("next_due", instant(now), *places, again=True)
        return None if said is None else float(said)

    async def release(self, ids: Collection[str]) -> None:
        """See `Spool.release`."""
        await self._hand.release(ids)

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """Let them be `sending`; queued again where nobody waits for what the server says."""
        try:
            return await kept(self._hand.fence(ids, now), lambda done: self._hand.doubt(done, now))
        except asyncio.CancelledError:
            self._hand.doubt(ids, now)
            raise

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """See `Spool.settle`."""
        if settlement.state == "sending":
            raise ValueError("only a fence makes it `sending`")
        return await self._hand.settle(delivery_id, settlement)

    async def expire(self, now: float, most: int = 1000) -> list[str]:
        """See `Spool.expire`."""
        return texts(await self._server.run("expire", instant(now), most))

    async def recover(self, now: float) -> list[str]:
        """Take over from consumers that gave no sign of life for the time of a lease."""
        await self._hand.clear_up()
        await self._hand.renew()  # it lives, also where it could not say so for a while
        lease = max(1, int(self._config.lease * 1000))
        return texts(await self._server.run("recover", self._consumer, instant(now), lease))

    async def get(self, delivery_id: str) -> Delivery | None:
        """See `Spool.get`."""
        found = await self._server.ask("HGETALL", f"{self._server.base}d:{delivery_id}")
        try:
            return whole(found, self._records) if found else None
        except Unusable as error:
            raise SpoolDamaged(f"a delivery cannot be read: {error}") from error

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
        return await find(
            self._server,
            records=self._records,
            states=states,
            filters={name: value for name, value in asked.items() if value is not None},
            after=after,
            most=most,
            newest_first=newest_first,
        )

    async def is_waiting(self, upstream: str, lane: str = "") -> bool:
        """See `Spool.is_waiting`."""
        return await is_waiting(self._server, upstream, lane)

    async def is_known(self, place: Place, dedup: str, now: float) -> bool:
        """See `Spool.is_known`."""
        return await is_known(self._server, place, dedup, now)

    async def figures(self, now: float) -> Figures:
        """See `Spool.figures`."""
        return await figures(self._server, now)

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
        return await edit(self._server, self._records, delivery_id, now, change)

    async def requeue(
        self, ids: Collection[str], now: float, *, expires_at: float | None = None
    ) -> frozenset[str]:
        """See `Spool.requeue`."""
        ends = "" if expires_at is None else instant(expires_at)
        return frozenset(texts(await self._server.run("requeue", instant(now), ends, *ids)))

    async def discard(self, ids: Collection[str], now: float, reason: str = "") -> frozenset[str]:
        """See `Spool.discard`."""
        return frozenset(texts(await self._server.run("discard", instant(now), reason, *ids)))

    async def forget(self, older_than: float, most: int = 1000) -> int:
        """See `Spool.forget`."""
        return int(await self._server.run("forget", instant(older_than), most))

    async def events_after(self, cursor: int, most: int = 100) -> Events:
        """See `Spool.events_after`."""
        return await events_after(self._server, cursor, most)

    def snapshot(self) -> dict[str, object]:
        """See `Spool.snapshot`."""
        return {
            "kind": "redis",
            "durability": self.durability,
            "open": self._is_open,
            "consumer": self._consumer,
            "in_hand": len(self._hand),
        }

    def _undo(self, taken: list[Delivery]) -> None:
        """Give claims back that nobody knows of, as soon as possible."""
        ids = [one.id for one in taken]
        if ids:
            task = asyncio.ensure_future(self._release_quietly(ids))
            self._undoing.add(task)
            task.add_done_callback(self._undoing.discard)

    async def _release_quietly(self, ids: list[str]) -> None:
        try:
            await self.release(ids)
        except SpoolUnavailable:
            self._hand.drop(ids)  # without a sign of life they are taken over
