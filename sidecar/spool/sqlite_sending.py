"""What whoever delivers does with the tables: take, fence, settle; expire and recover.

Each function is one transaction's work, and decides by the row as it is then.
"""

from collections.abc import Collection, Iterator
from heapq import merge
from itertools import islice

from sidecar.spool.claims import Claim
from sidecar.spool.records import Records, Unusable
from sidecar.spool.sqlite_moves import Move, move
from sidecar.spool.sqlite_places import places
from sidecar.spool.sqlite_rows import SELECT, Row, row_of, rows, whole
from sidecar.spool.sqlite_session import SqliteSession
from sidecar.spool.values import Delivery, Place, Settlement

INTERRUPTED = "interrupted"
"""Reason of what was being sent when its sidecar went away."""
UNREADABLE = "unreadable"
"""Reason of what cannot be read any more."""

_READY = f"""
    {SELECT} INDEXED BY ready
    WHERE upstream = ? AND route = ? AND head = 1 AND state = 'queued' AND due <= ?
    AND (due <= ? OR immediate = 1) AND expires_at > ? ORDER BY due, seq
"""
_SOON = """
    SELECT id, lane, due, immediate FROM deliveries INDEXED BY ready
    WHERE upstream = ? AND route = ? AND head = 1 AND state = 'queued' AND expires_at > ?
    ORDER BY due, seq
"""
_ENDING = f"""
    {SELECT} INDEXED BY ending WHERE state = 'queued' AND expires_at <= ? ORDER BY expires_at
"""
_SENDING = f"{SELECT} WHERE state = 'sending' ORDER BY id"


class Owner:
    """Whether this process delivers: the number under which it took the file over."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number: float | None = None

    def holds(self, session: SqliteSession) -> bool:
        """Whether it still does."""
        return self.number is not None and session.marked("owner") == self.number


def take(
    session: SqliteSession,
    *,
    records: Records,
    now: float,
    most: int,
    paused: Collection[Place],
) -> list[Delivery]:
    """Claim what is due. What cannot be read becomes a dead letter, and is left as it is."""
    taken: list[Delivery] = []
    unreadable: list[Row] = []
    for row in _due(session, now, paused):
        if len(taken) + len(unreadable) >= most:
            break
        try:
            taken.append(whole(session.connection, row, records))
        except Unusable:
            unreadable.append(row)
            continue
        session.claims.put(row.id, Claim(row.lane, row.fences))
    for row in unreadable:
        move(session, row, Move("failed", now, UNREADABLE))
    return taken


def _due(session: SqliteSession, now: float, paused: Collection[Place]) -> Iterator[Row]:
    bound = max(now, session.last_turn())
    ready = [
        rows(session.connection.execute(_READY, (*place, bound, now, now)))
        for place in places(session.connection)
        if place not in paused
    ]
    for row in merge(*ready, key=_order):
        claims = session.claims
        if row.id not in claims and not (row.lane and claims.holds_lane(row.lane)):
            yield row


def _order(row: Row) -> tuple[float, int]:
    return row.due, row.seq


def next_due(session: SqliteSession, now: float, paused: Collection[Place]) -> float | None:
    """When there is something to take."""
    instants = (
        _soonest(session, place, now) for place in places(session.connection) if place not in paused
    )
    return min((instant for instant in instants if instant is not None), default=None)


def _soonest(session: SqliteSession, place: Place, now: float) -> float | None:
    """The same for one place.

    By `due`, the first one will do, unless the clock went back: then one that is due at once may
    come after it.
    """
    soonest: float | None = None
    last = session.last_turn()
    for found, lane, due, immediate in session.connection.execute(_SOON, (*place, now)):
        if found in session.claims or (lane and session.claims.holds_lane(lane)):
            continue
        at = now if immediate else max(now, due)
        soonest = at if soonest is None else min(soonest, at)
        if soonest <= now or due > last:
            break
    return soonest


def fence(session: SqliteSession, owner: Owner, ids: Collection[str], now: float) -> frozenset[str]:
    """Let those that are claimed and still queued be `sending`."""
    fenced = []
    held = owner.holds(session)
    for delivery_id in ids:
        claim, row = session.claims.get(delivery_id), row_of(session.connection, delivery_id)
        if claim is None or (row is not None and row.state == "sending"):
            continue
        if not held or row is None or row.state != "queued" or row.fences != claim.fences:
            session.claims.drop(delivery_id)  # it is another's, or not what was taken any more
            continue
        fences = row.fences + 1
        move(session, row, Move("sending", now, "", attempts=row.attempts + 1, fences=fences))
        session.claims.put(delivery_id, Claim(row.lane, fences))
        fenced.append(delivery_id)
    return frozenset(fenced)


def ids_of(taken: list[Delivery]) -> list[str]:
    """What was claimed by a `take`."""
    return [one.id for one in taken]


def release(session: SqliteSession, ids: Collection[str]) -> None:
    """Give claims back, of what was not fenced."""
    for delivery_id in ids:
        claim, row = session.claims.get(delivery_id), row_of(session.connection, delivery_id)
        if claim is not None and (row is None or row.state != "sending"):
            session.claims.drop(delivery_id)


def unfence(session: SqliteSession, ids: Collection[str], now: float) -> None:
    """What was fenced, and surely not sent, is queued as it was."""
    for delivery_id in ids:
        claim, row = session.claims.get(delivery_id), row_of(session.connection, delivery_id)
        if claim is not None and row is not None and _may_settle(row, claim):
            due = session.turn(now)
            attempts = row.attempts - 1
            move(session, row, Move("queued", now, "not_sent", attempts, due=due, immediate=True))
        session.claims.drop(delivery_id)


def settle(
    session: SqliteSession, records: Records, delivery_id: str, settlement: Settlement
) -> bool:
    """Write down what became of it, if that is for this process to say."""
    claim, row = session.claims.get(delivery_id), row_of(session.connection, delivery_id)
    session.claims.drop(delivery_id)
    if row is None or not _may_settle(row, claim):
        return False
    if settlement.answer is not None:
        session.connection.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?)",
            (row.seq, records.answer(row.id, settlement.answer)),
        )
    again = settlement.state == "queued"
    immediate = again and settlement.not_before is None
    due = session.turn(settlement.now) if immediate else settlement.not_before if again else None
    move(
        session,
        row,
        Move(settlement.state, settlement.now, settlement.reason, due=due, immediate=immediate),
    )
    return True


def _may_settle(row: Row, claim: Claim | None) -> bool:
    if row.state == "queued":
        return claim is not None
    if row.state == "sending":
        return claim is not None and claim.fences == row.fences
    return row.state == "unknown" and (claim is None or claim.fences == row.fences)


def expire(session: SqliteSession, now: float, most: int) -> list[str]:
    """Let those that are too late be `expired`, unless they are in hand."""
    found = rows(session.connection.execute(_ENDING, (now,)))
    late = list(islice((row for row in found if row.id not in session.claims), most))
    for row in late:
        move(session, row, Move("expired", now, "expired"))
    return [row.id for row in late]


def take_over(session: SqliteSession, now: float) -> tuple[float, list[str]]:
    """Be the one that delivers: of what is `sending`, nobody knows what became.

    The number under which this process is it from now on, and the ids of those.
    """
    before = session.marked("owner")
    number = (before if isinstance(before, float) else 0.0) + 1.0
    session.mark("owner", number)
    session.claims.clear()
    interrupted = list(rows(session.connection.execute(_SENDING)))
    for row in interrupted:
        move(session, row, Move("unknown", now, INTERRUPTED))
    return number, [row.id for row in interrupted]
