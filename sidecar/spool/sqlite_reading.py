"""What is read from the tables and changes nothing: one, what waits, figures, events."""

import sqlite3

from sidecar.spool.records import Records
from sidecar.spool.sqlite_places import places
from sidecar.spool.sqlite_rows import row_of, whole
from sidecar.spool.sqlite_schema import used_bytes
from sidecar.spool.values import STATES, Delivery, Event, Events, Figures, Place

_FIRST_DUE = """
    SELECT MIN(turn) FROM (
        SELECT turn FROM deliveries INDEXED BY ready
        WHERE upstream = ? AND route = ? AND head = 1 AND state = 'queued'
        AND (due <= ? OR immediate = 1) ORDER BY due, seq LIMIT 100)
"""
_IN_LANE = """
    SELECT EXISTS (SELECT 1 FROM deliveries INDEXED BY lanes
        WHERE lane = ? AND lane <> '' AND state IN ('queued', 'sending'))
"""
_OF_UPSTREAM = """
    SELECT EXISTS (SELECT 1 FROM deliveries INDEXED BY ready
        WHERE upstream = ? AND head = 1 AND state = 'queued')
    OR EXISTS (SELECT 1 FROM deliveries INDEXED BY states
        WHERE state = 'sending' AND upstream = ?)
"""
"""What is no head is in a lane that has one."""
_KNOWN = """
    SELECT EXISTS (SELECT 1 FROM deliveries INDEXED BY same
        WHERE upstream = ? AND route = ? AND dedup = ? AND dedup IS NOT NULL AND dedup_until > ?)
"""
_EVENTS = """
    SELECT cursor, at, id, upstream, route, state, reason, attempts FROM events
    WHERE cursor > ? ORDER BY cursor LIMIT ?
"""


def get(connection: sqlite3.Connection, records: Records, delivery_id: str) -> Delivery | None:
    """All of one.

    Raises:
        Unusable: a part of it cannot be read.
    """
    row = row_of(connection, delivery_id)
    return None if row is None else whole(connection, row, records)


def is_waiting(connection: sqlite3.Connection, upstream: str, lane: str) -> bool:
    """Whether something of the upstream, or of this lane where one is named, is unfinished."""
    asked = (_IN_LANE, (lane,)) if lane else (_OF_UPSTREAM, (upstream, upstream))
    return bool(connection.execute(*asked).fetchone()[0])


def is_known(connection: sqlite3.Connection, place: Place, dedup: str, now: float) -> bool:
    """Whether a delivery has this key still."""
    return bool(connection.execute(_KNOWN, (*place, dedup, now)).fetchone()[0])


def figures(connection: sqlite3.Connection, now: float) -> Figures:
    """How much there is."""
    counted = dict(connection.execute("SELECT state, count FROM totals").fetchall())
    turns = [
        connection.execute(_FIRST_DUE, (*place, now)).fetchone()[0] for place in places(connection)
    ]
    due = [turn for turn in turns if turn is not None]
    return Figures(
        counts={state: int(counted.get(state, 0)) for state in STATES},
        bytes=used_bytes(connection),
        oldest_due=max(0.0, now - min(due)) if due else None,
    )


def events_after(connection: sqlite3.Connection, cursor: int, most: int) -> Events:
    """Changes in order."""
    found = [Event(*row) for row in connection.execute(_EVENTS, (cursor, most))]
    newest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    last = 0 if newest is None else int(newest[0])
    first = found[0].cursor if found else last + 1
    # a cursor from beyond the end is of another spool: whoever asks begins anew
    return Events(found, found[-1].cursor if found else last, first != cursor + 1)
