"""What this process has in hand of a spool that others use, too: it says so as long as it lives.

Whoever says nothing for the time of a lease is taken for dead, and the others take over.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable

from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_rows import instant, whole
from sidecar.spool.redis_server import SpoolServer, texts
from sidecar.spool.values import Delivery, Settlement, SpoolUnavailable
from sidecar.tasks import end

UNREADABLE = "unreadable"
"""Reason of what cannot be read any more."""


class Hand:
    """Deliveries that are claimed or being sent by this process.

    Args:
        server: is told.
        records: reads what is taken, writes answers.
        consumer: what this process is called there.
        lease: seconds without a word after which it is taken for dead.
    """

    def __init__(self, server: SpoolServer, records: Records, consumer: str, lease: float) -> None:
        self._server = server
        self._records = records
        self._consumer = consumer
        self._lease = lease
        self._task: asyncio.Task[None] | None = None
        self._fences: dict[str, str] = {}
        """How often each was fenced when this process did it last, or took it."""
        self._sending: set[str] = set()
        self._doubtful: dict[str, float] = {}
        """Perhaps fenced, but surely not sent; and when they were to be fenced."""

    def __len__(self) -> int:
        return len(self._fences)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._task = asyncio.create_task(self._run(), name="spool lease")

    async def stop(self) -> list[str]:
        """Give no more; what is in hand still."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        left = list(self._fences)
        self.drop(left)
        return left

    async def take(self, now: float, asked: Iterable[str | int]) -> list[Delivery]:
        """What the script claims, `asked` for that way; see `RedisSpool.take`."""
        taken: list[Delivery] = []
        for flat in await self._server.run("take", self._consumer, *asked):
            found = dict(zip(flat[::2], flat[1::2], strict=True))
            delivery_id = found[b"id"].decode()
            self._fences[delivery_id] = found[b"fences"].decode()
            try:
                taken.append(whole(found, self._records))
            except Unusable:
                failed = Settlement(state="failed", now=now, reason=UNREADABLE)
                await self.settle(delivery_id, failed)
        return taken

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """Let them be `sending`. Where the server does not say that they are, they are in doubt."""
        try:
            said = texts(await self._server.run("fence", self._consumer, instant(now), *ids))
        except SpoolUnavailable:
            self.doubt(ids, now)
            raise
        fenced = dict(zip(said[::2], said[1::2], strict=True))
        self.drop(one for one in ids if one not in self._sending)  # they were lost
        self._fences.update(fenced)
        self._sending.update(fenced)
        return frozenset(fenced)

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """Write down what became of it; see `RedisSpool.settle`."""
        answer, due = settlement.answer, settlement.not_before
        said = await self._server.run(
            "settle",
            self._consumer,
            delivery_id,
            self._fences.get(delivery_id, ""),
            settlement.state,
            instant(settlement.now),
            settlement.reason,
            "" if due is None else instant(due),
            b"" if answer is None else self._records.answer(delivery_id, answer),
            secrets.token_hex(8),
            again=True,
        )
        self.drop((delivery_id,))
        return bool(said)

    def drop(self, ids: Iterable[str]) -> None:
        """Have these in hand no longer."""
        for delivery_id in ids:
            self._fences.pop(delivery_id, None)
            self._sending.discard(delivery_id)

    def doubt(self, ids: Collection[str], now: float) -> None:
        """Nobody knows whether these are fenced; they will not be sent."""
        self.drop(ids)
        self._doubtful.update(dict.fromkeys(ids, now))

    async def clear_up(self) -> None:
        """Have what is in doubt queued again.

        Raises:
            SpoolUnavailable: the server does not answer.
        """
        doubtful = dict(self._doubtful)
        if doubtful:
            now = max(doubtful.values())
            await self._server.run("unfence", self._consumer, instant(now), *doubtful)
            for delivery_id in doubtful:
                self._doubtful.pop(delivery_id, None)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4)
            try:
                await self.clear_up()
                if self._fences:
                    await self._server.run("renew", self._consumer, *self._fences)
            except SpoolUnavailable:
                continue  # whoever works with the spool will say so
