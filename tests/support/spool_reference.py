"""A spool as plain lists, to hold the real ones against.

It does everything by looking through all it has. `crash` is what the end of a process leaves.
"""

from collections.abc import Collection

from sidecar.spool import (
    REPEATABLE,
    STATES,
    UNFINISHED,
    Added,
    Addition,
    Delivery,
    Duplicate,
    Event,
    Full,
    Place,
    Settlement,
    State,
)
from tests.support.spool_kept import Kept

_TICK = 1e-6


class Reference:
    """What a `Spool` is to do."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: dict[str, Kept] = {}
        self.events: list[Event] = []
        self._last_turn = 0.0
        self._seq = 0

    def add(self, new: Delivery) -> Addition:
        """As Spool.add."""
        for one in self.kept.values():
            if new.dedup is not None and (one.place, one.dedup) == (new.place, new.dedup):
                if one.first.dedup_until > new.accepted_at:
                    return Duplicate(one.id, one.first.fingerprint)
                one.dedup = None
        if sum(one.state in UNFINISHED for one in self.kept.values()) >= self.most:
            return Full("deliveries")
        self._seq += 1
        immediate = new.not_before <= new.accepted_at
        turn = self._turn(new.accepted_at) if immediate else new.not_before
        kept = Kept(new, self._seq, turn, immediate, turn, new.expires_at, new.dedup, note=new.note)
        kept.target, kept.headers, kept.body = new.target, new.headers, new.body
        kept.size, kept.updated_at = len(new.body), new.accepted_at
        self.kept[new.id] = kept
        self._event(kept, new.accepted_at)
        return Added(new.id)

    def take(self, now: float, most: int, paused: Collection[Place]) -> list[str]:
        """As Spool.take."""
        ready = [
            one
            for one in self._heads()
            if (one.immediate or one.due <= now)
            and one.expires_at > now
            and one.place not in paused
        ]
        ready.sort(key=lambda one: (one.due, one.seq))
        for one in ready[:most]:
            one.claimed = True
        return [one.id for one in ready[:most]]

    def next_due(self, now: float, paused: Collection[Place]) -> float | None:
        """As Spool.next_due."""
        heads = [h for h in self._heads() if h.place not in paused and h.expires_at > now]
        return min((now if h.immediate else max(now, h.due) for h in heads), default=None)

    def release(self, ids: Collection[str]) -> None:
        """As Spool.release."""
        for one in self._of(ids):
            if one.state == "queued":
                one.claimed = False

    def fence(self, ids: Collection[str], now: float) -> frozenset[str]:
        """As Spool.fence."""
        fenced = [one for one in self._of(ids) if one.claimed and one.state == "queued"]
        for one in fenced:
            one.attempts += 1
            self._move(one, "sending", "", now)
        return frozenset(one.id for one in fenced)

    def settle(self, delivery_id: str, settlement: Settlement) -> bool:
        """As Spool.settle, for a spool that one process uses."""
        one = self.kept.get(delivery_id)
        if one is None or not (one.claimed or one.state == "unknown"):
            return False
        one.claimed = False
        if settlement.answer is not None:
            one.answer = settlement.answer
        if settlement.state == "queued":
            one.immediate = settlement.not_before is None
            one.due = settlement.not_before or self._turn(settlement.now)
        self._move(one, settlement.state, settlement.reason, settlement.now)
        return True

    def expire(self, now: float) -> set[str]:
        """As Spool.expire."""
        late = [
            one
            for one in self.kept.values()
            if one.state == "queued" and not one.claimed and one.expires_at <= now
        ]
        for one in late:
            self._move(one, "expired", "expired", now)
        return {one.id for one in late}

    def crash(self, now: float) -> set[str]:
        """The process ends, another begins, and recovers."""
        unknown = [one for one in self.kept.values() if one.state == "sending"]
        for one in self.kept.values():
            one.claimed = False
        for one in unknown:
            self._move(one, "unknown", "interrupted", now)
        return {one.id for one in unknown}

    def requeue(self, ids: Collection[str], now: float) -> frozenset[str]:
        """As Spool.requeue."""
        again = [one for one in self._of(ids) if one.state in REPEATABLE]
        for one in again:
            one.turn = one.due = self._turn(now)
            one.immediate, one.attempts = True, 0
            if one.expires_at <= now:
                one.expires_at = now + max(0.0, one.expires_at - one.first.accepted_at)
            self._move(one, "queued", "requeued", now)
        return frozenset(one.id for one in again)

    def discard(self, ids: Collection[str], now: float) -> frozenset[str]:
        """As Spool.discard."""
        gone = [one for one in self._of(ids) if self._editable(one)]
        for one in gone:
            self._move(one, "discarded", "", now)
        return frozenset(one.id for one in gone)

    def edit(self, delivery_id: str, now: float, **change: object) -> bool:
        """As Spool.edit."""
        one = self.kept.get(delivery_id)
        if one is None or not (self._editable(one) or set(change) == {"note"}):
            return False
        one.updated_at = now
        not_before = change.pop("not_before", None)
        if isinstance(not_before, float):
            one.immediate = not_before <= now
            one.due = self._turn(now) if one.immediate else not_before
            one.turn = one.turn if one.immediate else not_before
        for name, value in change.items():
            setattr(one, name, value)
        one.size = len(one.body) if "body" in change else one.size
        return True

    def forget(self, older_than: float) -> int:
        """As Spool.forget."""
        finished = {"delivered", "failed", "expired", "discarded"}
        old = [k for k in self.kept.values() if k.state in finished and k.updated_at < older_than]
        for one in old:
            del self.kept[one.id]
        return len(old)

    def is_waiting(self, upstream: str, lane: str) -> bool:
        """As Spool.is_waiting."""
        active = [one.first for one in self.kept.values() if one.state in UNFINISHED]
        return any(one.lane == lane if lane else one.upstream == upstream for one in active)

    def is_known(self, place: Place, dedup: str, now: float) -> bool:
        """As Spool.is_known."""
        known = {(one.place, one.dedup): one.first.dedup_until for one in self.kept.values()}
        return known.get((place, dedup), now) > now

    def counts(self) -> dict[State, int]:
        """How many in each state."""
        return {s: sum(one.state == s for one in self.kept.values()) for s in STATES}

    def _heads(self) -> list[Kept]:
        heads, seen = [], set()
        active = [one for one in self.kept.values() if one.state in UNFINISHED]
        blocked = {one.first.lane for one in active if one.claimed or one.state == "sending"}
        for one in sorted(active, key=lambda one: (one.turn, one.seq)):
            lane = one.first.lane
            if not lane and not one.claimed and one.state == "queued":
                heads.append(one)
            if lane and lane not in seen and lane not in blocked:
                heads.append(one)
                seen.add(lane)
        return heads

    def _editable(self, one: Kept) -> bool:
        return one.state in REPEATABLE or (one.state == "queued" and not one.claimed)

    def _of(self, ids: Collection[str]) -> list[Kept]:
        return [self.kept[one] for one in dict.fromkeys(ids) if one in self.kept]

    def _turn(self, now: float) -> float:
        self._last_turn = max(now, self._last_turn + _TICK)
        return self._last_turn

    def _move(self, one: Kept, state: State, reason: str, now: float) -> None:
        changed = (one.state, one.reason) != (state, reason)
        one.state, one.reason, one.updated_at = state, reason, now
        if state in ("delivered", "discarded"):
            one.headers, one.body = [], b""
        if changed:
            self._event(one, now)

    def _event(self, one: Kept, at: float) -> None:
        self.events.append(
            Event(len(self.events) + 1, at, one.id, *one.place, one.state, one.reason, one.attempts)
        )
