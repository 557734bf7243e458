"""What the reference of a spool keeps of one delivery, and how a spool is to show it."""

from dataclasses import dataclass, field

from sidecar.spool import Answer, Delivery, Place, State


@dataclass
class Kept:
    """One delivery of the reference."""

    first: Delivery
    seq: int
    due: float
    immediate: bool
    turn: float
    expires_at: float
    dedup: str | None
    state: State = "queued"
    attempts: int = 0
    reason: str = ""
    answer: Answer | None = None
    updated_at: float = 0.0
    note: str = ""
    target: str = ""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    size: int = 0
    claimed: bool = False

    @property
    def id(self) -> str:
        """Its id."""
        return self.first.id

    @property
    def place(self) -> Place:
        """Where it goes."""
        return self.first.place


def seen(one: Kept) -> Delivery:
    """The delivery as a spool is to show it."""
    first = one.first
    return Delivery(
        id=first.id,
        upstream=first.upstream,
        route=first.route,
        lane=first.lane,
        method=first.method,
        target=one.target,
        headers=one.headers,
        body=one.body,
        accepted_at=first.accepted_at,
        not_before=one.due,
        expires_at=one.expires_at,
        dedup=one.dedup,
        dedup_until=first.dedup_until,
        fingerprint=first.fingerprint,
        state=one.state,
        attempts=one.attempts,
        reason=one.reason,
        answer=one.answer,
        updated_at=one.updated_at,
        note=one.note,
        size=one.size,
    )
