"""Deliveries that were accepted and are sent later: kept until somebody knows what became of them.

Unlike a store, a spool forgets nothing, and what it cannot do it raises. It knows states, order
and time; nothing of upstreams, of how often to try, or of what an answer means.

The life of a delivery, each step durable before the call returns:

    add ─► queued ─(take)─► claimed ─(fence)─► sending ─(settle)─► delivered | failed | expired
             ▲                 └─(release)─► queued      │
             └── settle("queued", not_before) ◄──────────┤
             └── requeue ◄── failed | expired | unknown ◄┘ (recover: whoever sent it is gone)

A claim is no state: one that is claimed is still `queued`, and is so after a crash. One that was
found `sending` may have been sent or not: it becomes `unknown` and is never sent again unless
somebody says so.
"""

from collections.abc import Collection
from typing import Protocol

from sidecar.exchange import RawHeaders
from sidecar.spool.values import (
    REPEATABLE,
    STATES,
    UNFINISHED,
    Added,
    Addition,
    Answer,
    Delivery,
    Duplicate,
    Event,
    Events,
    Figures,
    Full,
    Place,
    Settlement,
    SpoolDamaged,
    SpoolUnavailable,
    State,
)


class Spool(Protocol):
    """Keeps deliveries. One object for each process; its methods may be called concurrently.

    Every method but `open` and `close` raises SpoolUnavailable where the disk or the server does
    not do its part, and loses nothing by that. A call that is cancelled may still take effect.
    """

    @property
    def durability(self) -> str:
        """What `Added` promises, for the answer 202; known once it is open.

        `sqlite-wal-full` and `redis-aof-always` survive a power cut. `redis-aof-everysec`: a crash
        of the server may take back the last second, and what was sent in it is sent again.
        `redis-aof-no`, `redis-rdb`, `redis-memory`: more than that. `redis-unknown`: the server
        does not say.
        """
        ...

    async def open(self) -> None:
        """Make it usable; idempotent.

        Raises:
            SpoolDamaged: what is there cannot be read: the sidecar must not start.
            SpoolUnavailable: it cannot be reached or written now.
        """
        ...

    async def close(self) -> None:
        """Give everything back; claims are released. Idempotent, never raises."""
        ...

    async def add(self, delivery: Delivery) -> Addition:
        """Keep it, as `queued`. Concurrent calls share a commit; in a lane they keep their order.

        Where it raises, it may be there all the same. The same delivery may be added again, and
        is there once.
        """
        ...

    async def take(
        self, now: float, most: int, *, paused: Collection[Place] = ()
    ) -> list[Delivery]:
        """Claim some that are due, those that are due for the longest time first.

        In a lane only the first one can be due, and nothing while another of the lane is claimed
        or sending, by whomever. What is expired is not taken; see `expire`. A claim lasts until
        `release`, `fence` or `settle`, or as long as this process lives. What cannot be read any
        more becomes `failed` with the reason `unreadable`. Nothing is taken before `recover` was
        called; of several processes with one file, only one takes.

        Args:
            now: wall seconds.
            most: how many at most.
            paused: passed over; this costs nothing, however much waits there.
        """
        ...

    async def next_due(self, now: float, *, paused: Collection[Place] = ()) -> float | None:
        """When there will be something to take, as far as is known now; `now` if there is.

        Of what is claimed or blocked in its lane nothing is known. Others may add at any time.
        """
        ...

    async def release(self, ids: Collection[str]) -> None:
        """Give claims back: as if they had not been taken. Others are passed over."""
        ...

    async def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """Say that these are about to be sent: `sending`, one attempt more. Durable on return.

        Where it raises, or its wait is cancelled, none may be sent: settle or release them, and
        they are queued again.

        Returns:
            Those that may be sent. Others were lost to somebody else, or discarded meanwhile.
        """
        ...

    async def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """Say what became of one that this process claimed or fenced, or of an `unknown` one.

        False, and nothing is changed, if it is in another state, or was sent by somebody else
        since. Where it raises, say it again: if nobody does, it becomes `unknown` one day.
        `delivered` and `discarded` forget the request (method and target stay).
        """
        ...

    async def expire(self, now: float, most: int = 1000) -> list[str]:
        """Queued ones, not claimed, whose `expires_at` has come become `expired`; their ids."""
        ...

    async def recover(self, now: float) -> list[str]:
        """Take over from who is gone: claims are free again, `sending` ones become `unknown`.

        Call it at start, and then every few seconds; it costs next to nothing. The ids of those
        that became unknown (reason `interrupted`); where whoever asked dies then, nobody is told
        of them again, so look for `unknown` ones at start, too.
        """
        ...

    async def get(self, delivery_id: str) -> Delivery | None:
        """All of one delivery."""
        ...

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
        """Those that match all that is given, by acceptance; without headers, bodies and answers.

        Args:
            states: any of these; () for all.
            upstream: by the name of the upstream.
            route: by the name of the route.
            after: the id of the last one of the page before.
            most: how many at most.
            newest_first: the other way round.
        """
        ...

    async def is_waiting(self, upstream: str, lane: str = "") -> bool:
        """Whether something of it, or of this lane of it, is unfinished. Quick, however much is."""
        ...

    async def is_known(self, place: Place, dedup: str, now: float) -> bool:
        """Whether one that is added there now with this `dedup` would be a Duplicate."""
        ...

    async def figures(self, now: float) -> Figures:
        """How much there is."""
        ...

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
        """Change what is given of one that is queued and not claimed, failed, expired or unknown.

        Of a finished one of which the request is not kept, only the note. False if it is gone,
        claimed or sending, or if there is nothing left to change.
        """
        ...

    async def requeue(
        self, ids: Collection[str], now: float, *, expires_at: float | None = None
    ) -> frozenset[str]:
        """Send these again: from the end of their lane, due at once, attempts counted from 0.

        Those that were failed, expired or unknown; the others are passed over. Without
        `expires_at`, one that would be expired by now gets as long as it was given at first.
        """
        ...

    async def discard(self, ids: Collection[str], now: float, reason: str = "") -> frozenset[str]:
        """Never send these: queued and not claimed, failed, expired, unknown. Which ones it was."""
        ...

    async def forget(self, older_than: float, most: int = 1000) -> int:
        """Throw out finished ones last changed before that instant; never `unknown` ones.

        Their events go too. How many deliveries it was; call again if it was `most`.
        """
        ...

    async def events_after(self, cursor: int, most: int = 100) -> Events:
        """The changes after that one, the oldest first; 0 for all that is still known."""
        ...

    def snapshot(self) -> dict[str, object]:
        """How it stands, for people; without asking anything."""
        ...


__all__ = (
    "REPEATABLE",
    "STATES",
    "UNFINISHED",
    "Added",
    "Addition",
    "Answer",
    "Delivery",
    "Duplicate",
    "Event",
    "Events",
    "Figures",
    "Full",
    "Place",
    "Settlement",
    "Spool",
    "SpoolDamaged",
    "SpoolUnavailable",
    "State",
)
