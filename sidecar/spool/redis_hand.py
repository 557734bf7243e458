"""What this process has in hand of a spool that others use as well; it says so while it lives.

Whoever says nothing for the time of a lease is taken for dead, and the others take over.
"""

import asyncio
import secrets
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sidecar.spool.records import Records, Unusable
from sidecar.spool.redis_rows import instant, whole
from sidecar.spool.redis_server import SpoolServer, texts
from sidecar.spool.values import Delivery, Settlement, SpoolUnavailable
from sidecar.tasks import end

UNREADABLE = "unreadable"
"""Reason of what cannot be read any more."""


def _token() -> str:
    return secrets.token_hex(8)


@dataclass(slots=True, eq=False)
class _Claim:
    """One delivery in hand."""

    fences: str
    """How often it had been fenced when this process did it last, or took it."""
    sending: bool = False
    """Whether this process has fenced it."""
    ending: bool = False
    """Whether the server is being told that it is in hand no longer, and may know it already."""
    token: str = field(default_factory=_token)
    """By it the server knows that it was told already what became of it."""


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
        self._claims: dict[str, _Claim] = {}
        self._doubtful: dict[str, float] = {}
        """Perhaps fenced, but surely not sent; and when they were to be fenced. Those in hand are
        left to whoever has them: queued again before he settles, one could be taken once more, and
        what he says of his attempt would be taken for the outcome of the other one.
        """

    def __len__(self) -> int:
        return len(self._claims)

    def start(self) -> None:
        """Begin to give signs of life."""
        self._task = asyncio.create_task(self._run(), name="spool lease")

    async def stop(self) -> list[str]:
        """Give no more. What was still in hand, and is now no longer."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        left = list(self._claims)
        self.drop(left)
        return left

    async def take(self, now: float, asked: Iterable[str | int]) -> list[Delivery]:
        """What the script claims, `asked` for that way; see `RedisSpool.take`.

        One that was lost after a lease and is claimed anew, while whoever got it the first time has
        it still, is his again: it is not given to a second one.
        """
        taken: list[Delivery] = []
        unreadable: list[str] = []
        for flat in await self._server.run("take", self._consumer, *asked):
            found = dict(zip(flat[::2], flat[1::2], strict=True))
            delivery_id, fences = found[b"id"].decode(), found[b"fences"].decode()
            self._no_doubt((delivery_id,))
            before = self._claims.get(delivery_id)
            self._claims[delivery_id] = _Claim(fences)
            if before is not None and not before.ending:
                self._claims[delivery_id].sending = before.sending
                continue
            try:
                taken.append(whole(found, self._records))
            except Unusable:
                unreadable.append(delivery_id)
        for delivery_id in unreadable:
            await self._fail(delivery_id, now)
        return taken

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """Let them be `sending`. Where the server does not say that they are, they are in doubt."""
        try:
            said = texts(await self._server.run("fence", self._consumer, instant(now), *ids))
        except SpoolUnavailable:
            self._doubtful.update(dict.fromkeys(ids, now))
            raise
        fenced = dict(zip(said[::2], said[1::2], strict=True))
        self.drop(one for one in ids if one not in fenced and not self._is_sending(one))  # lost
        for delivery_id, fences in fenced.items():
            claim = self._claims.setdefault(delivery_id, _Claim(fences))
            claim.fences, claim.sending = fences, True
        self._no_doubt(fenced)
        return frozenset(fenced)

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """Write down what became of it; see `RedisSpool.settle`."""
        answer, due = settlement.answer, settlement.not_before
        claim = self._claims.get(delivery_id)
        with self._ending((delivery_id,)):
            said = await self._server.run(
                "settle",
                self._consumer,
                delivery_id,
                "" if claim is None else claim.fences,
                settlement.state,
                instant(settlement.now),
                settlement.reason,
                "" if due is None else instant(due),
                b"" if answer is None else self._records.answer(delivery_id, answer),
                _token() if claim is None else claim.token,
                "1" if delivery_id in self._doubtful else "",
                again=True,
            )
        self._no_doubt((delivery_id,))
        return bool(said)

    async def release(self, ids: Collection[str]) -> None:
        """Give claims back, of what was not fenced."""
        with self._ending([one for one in ids if not self._is_sending(one)]):
            await self._server.run("release", self._consumer, *ids, again=True)

    def drop(self, ids: Iterable[str]) -> None:
        """Have these in hand no longer."""
        for delivery_id in ids:
            self._claims.pop(delivery_id, None)

    def doubt(self, ids: Collection[str], now: float) -> None:
        """Nobody has these any more, or knows whether they are fenced; they will not be sent."""
        self.drop(ids)
        self._doubtful.update(dict.fromkeys(ids, now))

    async def clear_up(self) -> None:
        """Have what is in doubt, and in nobody's hand, queued again.

        Raises:
            SpoolUnavailable: the server does not answer.
        """
        doubtful = {one: at for one, at in self._doubtful.items() if one not in self._claims}
        if doubtful:
            now = max(doubtful.values())
            await self._server.run("unfence", self._consumer, instant(now), *doubtful)
            self._no_doubt(doubtful)

    async def renew(self) -> None:
        """Give a sign of life.

        Raises:
            SpoolUnavailable: the server does not answer.
        """
        if self._claims:
            await self._server.run("renew", self._consumer, *self._claims)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 4)
            try:
                await self.clear_up()
                await self.renew()
            except SpoolUnavailable:
                continue  # whoever works with the spool will say so

    async def _fail(self, delivery_id: str, now: float) -> None:
        """Let it be a dead letter; without an answer of the server, it is free after a lease."""
        try:
            await self.settle(delivery_id, Settlement(state="failed", now=now, reason=UNREADABLE))
        except SpoolUnavailable:
            self.drop((delivery_id,))

    @contextmanager
    def _ending(self, ids: Collection[str]) -> Iterator[None]:
        """The claims on these end here, where the server answers.

        Not those that were got meanwhile: its answers may overtake each other.
        """
        claims = {one: claim for one in ids if (claim := self._claims.get(one)) is not None}
        for claim in claims.values():
            claim.ending = True
        try:
            yield
        except BaseException:
            for claim in claims.values():
                claim.ending = False
            raise
        self.drop(one for one, claim in claims.items() if self._claims.get(one) is claim)

    def _is_sending(self, delivery_id: str) -> bool:
        claim = self._claims.get(delivery_id)
        return claim is not None and claim.sending

    def _no_doubt(self, ids: Iterable[str]) -> None:
        for delivery_id in ids:
            self._doubtful.pop(delivery_id, None)
