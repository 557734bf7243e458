"""Adds a delivery to the tables, if it is new and there is room; and makes room.

What makes room is only what was delivered and is not needed to know a call again.
"""

from typing import NamedTuple

from sidecar.spool.sqlite_moves import appoint
from sidecar.spool.sqlite_rows import row_of
from sidecar.spool.sqlite_session import SqliteSession
from sidecar.spool.values import Added, Addition, Delivery, Duplicate, Full

_INSERT = """
    INSERT INTO deliveries (id, upstream, route, lane, method, target, size, accepted_at, due,
        immediate, turn, head, expires_at, dedup, dedup_until, fingerprint, state, attempts,
        fences, reason, updated_at, note)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, 0, ?, ?, ?)
"""
_SAME = """
    SELECT seq, id, fingerprint, dedup_until FROM deliveries
    WHERE upstream = ? AND route = ? AND dedup = ? AND dedup IS NOT NULL
"""
_SPENT = """
    SELECT seq FROM (
        SELECT seq, dedup, dedup_until FROM deliveries INDEXED BY finished
        WHERE state = 'delivered' AND state IN ('delivered', 'failed', 'expired', 'discarded')
        ORDER BY updated_at LIMIT 400)
    WHERE dedup IS NULL OR dedup_until <= ?
"""


class Bounds(NamedTuple):
    """How much there may be."""

    deliveries: int
    """That are unfinished."""
    size: int
    """Bytes of the file."""


class Written(NamedTuple):
    """A delivery, and the parts of it as they are written."""

    delivery: Delivery
    target: bytes
    request: bytes


def add(session: SqliteSession, written: Written, bounds: Bounds) -> Addition:
    """Add it as `queued`, or say why not."""
    delivery = written.delivery
    if row_of(session.connection, delivery.id) is not None:
        return Added(delivery.id)  # this is the second try
    earlier = _earlier(session, delivery)
    if earlier is not None:
        return earlier
    if not session.reserve.keep():
        session.shrink()
        return Full("disk")
    counts = session.counts()
    if counts["queued"] + counts["sending"] >= bounds.deliveries:
        return Full("deliveries")
    if not _has_room(session, len(written.request), bounds.size, delivery.accepted_at):
        return Full("size")
    _insert(session, written)
    return Added(delivery.id)


def _earlier(session: SqliteSession, delivery: Delivery) -> Duplicate | None:
    if delivery.dedup is None:
        return None
    asked = (delivery.upstream, delivery.route, delivery.dedup)
    found = session.connection.execute(_SAME, asked).fetchone()
    if found is None:
        return None
    seq, earlier, fingerprint, until = found
    if until > delivery.accepted_at:
        return Duplicate(earlier, fingerprint)
    session.connection.execute("UPDATE deliveries SET dedup = NULL WHERE seq = ?", (seq,))
    return None


def _has_room(session: SqliteSession, size: int, most: int, now: float) -> bool:
    """Whether there is room, or could be made with little work."""
    for _ in range(4):
        if session.used() + size <= most:
            return True
        spent = session.connection.execute(_SPENT, (now,)).fetchall()
        if not spent:
            break
        forget(session, [seq for (seq,) in spent])
        session.count("delivered", -len(spent))
    return session.used() + size <= most


def forget(session: SqliteSession, seqs: list[int]) -> None:
    """Delete these; the counts are the caller's."""
    for table in ("answers", "requests", "deliveries"):
        statement = f"DELETE FROM {table} WHERE seq = ?"  # noqa: S608 - names of ours
        session.connection.executemany(statement, [(seq,) for seq in seqs])


def _insert(session: SqliteSession, written: Written) -> None:
    delivery = written.delivery
    immediate = delivery.not_before <= delivery.accepted_at
    turn = session.turn(delivery.accepted_at) if immediate else delivery.not_before
    values = (
        delivery.id,
        delivery.upstream,
        delivery.route,
        delivery.lane,
        delivery.method,
        written.target,
        len(delivery.body),
        delivery.accepted_at,
        turn,
        int(immediate),
        turn,
        int(not delivery.lane),
        delivery.expires_at,
        delivery.dedup,
        delivery.dedup_until,
        delivery.fingerprint,
        delivery.reason,
        delivery.accepted_at,
        delivery.note,
    )
    seq = session.connection.execute(_INSERT, values).lastrowid
    session.connection.execute("INSERT INTO requests VALUES (?, ?)", (seq, written.request))
    row = row_of(session.connection, delivery.id)
    assert row is not None
    session.count("queued")
    session.event(row, delivery.accepted_at, "queued", delivery.reason, 0)
    if delivery.lane:
        appoint(session, delivery.lane)
