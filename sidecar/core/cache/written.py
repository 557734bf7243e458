"""What is known of a write to a PostgREST table, from its request and its answer. Pure.

Source: docs.postgrest.org, "Tables and Views" (insert, upsert, update, delete), "Preferences".
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from sidecar.core.cache.directives import values_of
from sidecar.core.cache.rows_read import has_own_names
from sidecar.core.cache.tables import parameters, pinned_values
from sidecar.core.json_path import parsed
from sidecar.exchange import Request

_MOST_ROWS = 100
_UNSURE: tuple[()] = ()
_MOST_BODY = 1024 * 1024
Row: TypeAlias = "dict[str, object]"
Known: TypeAlias = Callable[[str, Iterable[str], str], "set[str] | None"]
"""What a key is in the rows of a table with these ids, where that was read; else None."""


def nothing_known(_table: str, _names: Iterable[str], _column: str) -> None:
    """Nothing was read."""
    return


class Write(NamedTuple):
    """What is known of a write."""

    table: str
    method: str
    sent: list[Row] | None
    """The rows, or for a PATCH the one set of new values; None where they cannot be read."""
    returned: list[Row] | None
    """The rows as they are now, where the answer has them, and their columns by name."""
    pinned: dict[str, tuple[str, ...]]
    upserts: frozenset[str] | None
    """The columns that decide between insert and update; None for a plain insert."""
    known: Known


def read_write(table: str, request: Request, answer: bytes | None, known: Known) -> Write:
    """What a request, and its answer where that is known, say of the rows."""
    body = request.body.known() if request.body is not None else b""
    query = parameters(request)
    pinned = pinned_values(query)
    return Write(
        table=table,
        method=request.method,
        sent=_as_used(_rows(body), query),
        returned=_rows(answer) if has_own_names(query) else None,
        pinned=pinned,
        upserts=_upserts(request, query, pinned),
        known=known,
    )


def _upserts(
    request: Request, query: list[tuple[str, str]], pinned: dict[str, tuple[str, ...]]
) -> frozenset[str] | None:
    if request.method == "PUT":  # its filter is the primary key
        return frozenset(pinned)
    if b"resolution=" not in b",".join(values_of(request.headers, b"prefer")):
        return None
    return deciding(query)


def deciding(query: list[tuple[str, str]]) -> frozenset[str]:
    """The columns by which an upsert finds a row that is there."""
    named = [value for name, value in query if name == "on_conflict"]
    return frozenset(named[0].split(",") if named else ("id",))


def _as_used(rows: list[Row] | None, query: list[tuple[str, str]]) -> list[Row] | None:
    """Without what `columns` leaves out, whatever was sent; and with what was not sent of them.

    A PATCH sets that to NULL, an insert to NULL or its default: `_UNSURE`, which has no safe form.
    """
    named = [value for name, value in query if name == "columns"]
    if rows is None or not named:
        return rows
    used = {name.strip().strip('"') for value in named for name in value.split(",")}
    return [{name: row.get(name, _UNSURE) for name in used} for row in rows]


def _rows(body: bytes | None) -> list[Row] | None:
    if not body or len(body) > _MOST_BODY:
        return None
    value = parsed(body)
    rows = value if isinstance(value, list) else [value]
    found: list[Row] = [dict(row) for row in rows if isinstance(row, dict)]
    return found if len(rows) <= _MOST_ROWS and len(found) == len(rows) else None
