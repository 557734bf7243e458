"""How a delivery is read from its row. Knows columns; decides nothing."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from sidecar.spool.records import Records
from sidecar.spool.values import Delivery, State

_COLUMNS = (
    "seq, id, upstream, route, lane, method, target, size, accepted_at, due, turn, head, "
    "expires_at, dedup, dedup_until, fingerprint, state, attempts, fences, reason, updated_at, note"
)
SELECT = f"SELECT {_COLUMNS} FROM deliveries"  # noqa: S608 - the columns are ours


class Row(NamedTuple):
    """A row of `deliveries`, in the order of `SELECT`."""

    seq: int
    id: str
    upstream: str
    route: str
    lane: str
    method: str
    target: bytes
    size: int
    accepted_at: float
    due: float
    turn: float
    head: int
    expires_at: float
    dedup: str | None
    dedup_until: float
    fingerprint: str
    state: State
    attempts: int
    fences: int
    reason: str
    updated_at: float
    note: str


def rows(cursor: Iterable[tuple[object, ...]]) -> Iterator[Row]:
    """The rows of a `SELECT`, one after the other."""
    return map(Row._make, cursor)


def row_of(connection: sqlite3.Connection, delivery_id: str) -> Row | None:
    """The row of a delivery."""
    found = connection.execute(f"{SELECT} WHERE id = ?", (delivery_id,)).fetchone()
    return None if found is None else Row._make(found)


def outline(row: Row, records: Records) -> Delivery:
    """The delivery without what is beside its row.

    Raises:
        Unusable: the target cannot be read.
    """
    return Delivery(
        id=row.id,
        upstream=row.upstream,
        route=row.route,
        lane=row.lane,
        method=row.method,
        target=records.read_target(row.id, row.target),
        headers=[],
        accepted_at=row.accepted_at,
        not_before=row.due,
        expires_at=row.expires_at,
        dedup=row.dedup,
        dedup_until=row.dedup_until,
        fingerprint=row.fingerprint,
        state=row.state,
        attempts=row.attempts,
        reason=row.reason,
        updated_at=row.updated_at,
        note=row.note,
        size=row.size,
    )


def whole(connection: sqlite3.Connection, row: Row, records: Records) -> Delivery:
    """The delivery with request and answer, as far as they are kept.

    Raises:
        Unusable: a part cannot be read.
    """
    request = beside(connection, "requests", row.seq)
    headers, body = records.read_request(row.id, request) if request is not None else ([], b"")
    answer = beside(connection, "answers", row.seq)
    return replace(
        outline(row, records),
        headers=headers,
        body=body,
        answer=None if answer is None else records.read_answer(row.id, answer),
    )


def beside(connection: sqlite3.Connection, table: str, seq: int) -> bytes | None:
    """What is kept beside the row, in `requests` or `answers`."""
    statement = f"SELECT data FROM {table} WHERE seq = ?"  # noqa: S608 - one of two names of ours
    found = connection.execute(statement, (seq,)).fetchone()
    return None if found is None else bytes(found[0])
