"""What people do with deliveries in the tables: edit, send again, discard; and forgetting.

Each function is one transaction's work. What is in hand or being sent is left alone.
"""

from collections.abc import Callable, Collection

from sidecar.spool.records import Records, Unusable
from sidecar.spool.sqlite_adding import forget as delete
from sidecar.spool.sqlite_moves import Move, appoint, move
from sidecar.spool.sqlite_rows import Row, beside, row_of
from sidecar.spool.sqlite_session import SqliteSession
from sidecar.spool.values import REPEATABLE, Edit, State

_FORGETTABLE: tuple[State, ...] = ("delivered", "failed", "expired", "discarded")
_OLD = """
    SELECT seq FROM deliveries INDEXED BY finished WHERE state = ? AND state IN
    ('delivered', 'failed', 'expired', 'discarded') AND updated_at < ? ORDER BY updated_at LIMIT ?
"""
_OLD_EVENTS = """
    DELETE FROM events WHERE cursor IN (SELECT cursor FROM events ORDER BY cursor LIMIT ?)
    AND at < ?
"""


def edit(
    session: SqliteSession, records: Records, delivery_id: str, now: float, change: Edit
) -> bool:
    """Change it, if nobody has it in hand.

    Raises:
        Unusable: only a part of the request is to be changed, and it cannot be read.
    """
    row = row_of(session.connection, delivery_id)
    if row is None or not any(value is not None for value in change):
        return False
    waiting = row.state == "queued" and delivery_id not in session.claims
    if not waiting and row.state not in REPEATABLE and not change.only_note:
        return False
    _edit_request(session, records, row, change)
    _edit_row(session, records, row, now, change)
    if row.lane and waiting:
        appoint(session, row.lane)
    return True


def _edit_request(session: SqliteSession, records: Records, row: Row, change: Edit) -> None:
    if change.headers is None and change.body is None:
        return
    headers, body = change.headers, change.body
    if headers is None or body is None:
        data = beside(session.connection, "requests", row.seq)
        if data is None:
            raise Unusable("not there")
        old_headers, old_body = records.read_request(row.id, data)
        headers = old_headers if headers is None else headers
        body = old_body if body is None else body
    session.connection.execute(
        "INSERT OR REPLACE INTO requests VALUES (?, ?)",
        (row.seq, records.request(row.id, headers, body)),
    )
    session.connection.execute("UPDATE deliveries SET size = ? WHERE seq = ?", (len(body), row.seq))


def _edit_row(session: SqliteSession, records: Records, row: Row, now: float, change: Edit) -> None:
    values: dict[str, object] = {"updated_at": now}
    if row.state == "queued" and not change.only_note:
        values["fences"] = row.fences + 1  # another process may have it in hand as it was
    if change.target is not None:
        values["target"] = records.target(row.id, change.target)
    if change.expires_at is not None:
        values["expires_at"] = change.expires_at
    if change.note is not None:
        values["note"] = change.note
    if change.not_before is not None:
        later = change.not_before > now
        values["due"] = change.not_before if later else session.turn(now)
        values["immediate"] = int(not later)
        if later:  # it does not hold up what comes meanwhile
            values["turn"] = change.not_before
    columns = ", ".join(f"{name} = ?" for name in values)
    session.connection.execute(
        f"UPDATE deliveries SET {columns} WHERE seq = ?",  # noqa: S608 - names from above
        (*values.values(), row.seq),
    )


def requeue(
    session: SqliteSession, ids: Collection[str], now: float, expires_at: float | None
) -> frozenset[str]:
    """Let them be `queued` once more, at the end of their lanes."""

    def again(row: Row) -> Move:
        turn = session.turn(now)
        ends = row.expires_at if expires_at is None else expires_at
        if ends <= now:  # as long as it was given at first
            ends = now + max(0.0, row.expires_at - row.accepted_at)
        return Move("queued", now, "requeued", 0, None, turn, True, turn, ends)

    return _each(session, ids, lambda row: row.state in REPEATABLE, again)


def discard(
    session: SqliteSession, ids: Collection[str], now: float, reason: str
) -> frozenset[str]:
    """Let them be `discarded`."""
    return _each(
        session,
        ids,
        lambda row: row.state in REPEATABLE or row.state == "queued",
        lambda _: Move("discarded", now, reason),
    )


def _each(
    session: SqliteSession,
    ids: Collection[str],
    wanted: Callable[[Row], bool],
    to: Callable[[Row], Move],
) -> frozenset[str]:
    moved = []
    for delivery_id in dict.fromkeys(ids):
        row = row_of(session.connection, delivery_id)
        if row is not None and delivery_id not in session.claims and wanted(row):
            move(session, row, to(row))
            moved.append(delivery_id)
    return frozenset(moved)


def forget(session: SqliteSession, older_than: float, most: int) -> int:
    """Delete finished ones, and give room back to the file system."""
    gone = 0
    for state in _FORGETTABLE:
        found = session.connection.execute(_OLD, (state, older_than, most - gone)).fetchall()
        delete(session, [seq for (seq,) in found])
        session.count(state, -len(found))
        gone += len(found)
    session.connection.execute(_OLD_EVENTS, (most * 4, older_than))
    session.shrink()
    return gone
