"""Moves a delivery from one state to another, and keeps one head for each lane.

Each move writes the row, its count, its event and the lane's next one in the same transaction.
Which moves are allowed is for its callers to know.
"""

from typing import NamedTuple

from sidecar.spool.sqlite_rows import Row
from sidecar.spool.sqlite_session import SqliteSession
from sidecar.spool.values import UNFINISHED, State

_MOVE = """
    UPDATE deliveries SET state = ?, reason = ?, updated_at = ?, attempts = ?, fences = ?, due = ?,
        immediate = ?, turn = ?, expires_at = ?, head = ? WHERE seq = ?
"""
_HEAD = """
    SELECT seq, state FROM deliveries INDEXED BY heads
    WHERE lane = ? AND lane <> '' AND head = 1 AND state IN ('queued', 'sending')
"""
_FIRST = """
    SELECT seq FROM deliveries INDEXED BY lanes
    WHERE lane = ? AND lane <> '' AND state IN ('queued', 'sending') ORDER BY turn, seq LIMIT 1
"""
_WITHOUT_REQUEST = frozenset[State](("delivered", "discarded"))


class Move(NamedTuple):
    """Where a delivery goes; None keeps what it has."""

    state: State
    now: float
    reason: str = ""
    attempts: int | None = None
    fences: int | None = None
    due: float | None = None
    """When it may be taken; with `immediate`, whatever the clock says."""
    immediate: bool = False
    turn: float | None = None
    expires_at: float | None = None


def move(session: SqliteSession, row: Row, to: Move) -> None:
    """Make the move, whatever the state was."""
    attempts = row.attempts if to.attempts is None else to.attempts
    values = (
        to.state,
        to.reason,
        to.now,
        attempts,
        row.fences if to.fences is None else to.fences,
        row.due if to.due is None else to.due,
        int(to.immediate),
        row.turn if to.turn is None else to.turn,
        row.expires_at if to.expires_at is None else to.expires_at,
        _is_head(row, to.state),
        row.seq,
    )
    if row.lane and to.state == "sending":
        _set_head(session, _head(session, row.lane)[0], 0)
    session.connection.execute(_MOVE, values)
    if to.state in _WITHOUT_REQUEST:
        session.connection.execute("DELETE FROM requests WHERE seq = ?", (row.seq,))
    if (to.state, to.reason) != (row.state, row.reason):
        session.event(row, to.now, to.state, to.reason, attempts)
    session.count(row.state, -1)
    session.count(to.state)
    if row.lane:
        appoint(session, row.lane)


def appoint(session: SqliteSession, lane: str) -> None:
    """Let the first one of the lane be its head, unless another is being sent."""
    head, state = _head(session, lane)
    if state == "sending":
        return
    found = session.connection.execute(_FIRST, (lane,)).fetchone()
    first = None if found is None else int(found[0])
    if first != head:
        _set_head(session, head, 0)
        _set_head(session, first, 1)


def _is_head(row: Row, state: State) -> int:
    if not row.lane or state == "sending":
        return 1
    return row.head if row.state in UNFINISHED and state in UNFINISHED else 0


def _head(session: SqliteSession, lane: str) -> tuple[int | None, State | None]:
    found = session.connection.execute(_HEAD, (lane,)).fetchone()
    return (None, None) if found is None else (found[0], found[1])


def _set_head(session: SqliteSession, seq: int | None, head: int) -> None:
    if seq is not None:
        session.connection.execute("UPDATE deliveries SET head = ? WHERE seq = ?", (head, seq))
