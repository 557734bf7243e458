"""Decides which tags a write to a PostgREST table bumps: all whose reads it may have changed.

What is not known is taken for changed. Pure. Source: docs.postgrest.org, "Tables and Views"
(insert, upsert, update, delete), "Preferences".
"""

import json
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from sidecar.core.cache.directives import values_of
from sidecar.core.cache.literals import normalised
from sidecar.core.cache.tables import (
    ALL,
    ANY_WRITE,
    Tables,
    parameters,
    pinned_values,
    target_of,
)
from sidecar.exchange import Request

_MOST_ROWS = 100
_MOST_BODY = 1024 * 1024
Row: TypeAlias = "dict[str, object]"


class _Write(NamedTuple):
    """What is known of a write."""

    table: str
    method: str
    sent: list[Row] | None
    """The rows, or for a PATCH the one set of new values; None where they cannot be read."""
    returned: list[Row] | None
    """The rows as they are now, where the answer has them."""
    pinned: dict[str, tuple[str, ...]]
    upserts: frozenset[str] | None
    """The columns that decide between insert and update; None for a plain insert."""


def write_tags(tables: Tables, request: Request, answer: bytes | None) -> tuple[str, ...]:
    """The tags that this request bumps, done or possibly done; none where it is not about tables.

    Args:
        tables: the database.
        request: it is neither GET nor HEAD.
        answer: the body of its answer, where it is known.
    """
    target = target_of(request)
    if target is None:
        return ()
    if target.is_function:
        changed = tables.rules.functions.get(target.name)
        if changed is None:
            return (ALL,)
        return _with_related(tables, [ANY_WRITE], changed)
    tags = [ANY_WRITE]
    for table in tables.made_from(target.name):
        if table != target.name:
            tags += [table + "!"]
            continue
        tags += _tags_of(tables, _read(table, request, answer))
    return _with_related(tables, tags, tables.rules.related.get(target.name, ()))


def _with_related(tables: Tables, tags: list[str], others: Iterable[str]) -> tuple[str, ...]:
    for name in others:
        tags += [table + "!" for table in tables.made_from(name)]
    return tuple(dict.fromkeys(tags))


def _read(table: str, request: Request, answer: bytes | None) -> _Write:
    body = request.body.known() if request.body is not None else b""
    query = parameters(request)
    pinned = pinned_values(query)
    return _Write(
        table=table,
        method=request.method,
        sent=_as_used(_rows(body), query),
        returned=_rows(answer),
        pinned=pinned,
        upserts=_upserts(request, query, pinned),
    )


def _upserts(
    request: Request, query: list[tuple[str, str]], pinned: dict[str, tuple[str, ...]]
) -> frozenset[str] | None:
    if request.method == "PUT":  # its filter is the primary key
        return frozenset(pinned)
    if b"resolution=" not in b",".join(values_of(request.headers, b"prefer")):
        return None
    named = [value for name, value in query if name == "on_conflict"]
    return frozenset(named[0].split(",") if named else ("id",))


def _as_used(rows: list[Row] | None, query: list[tuple[str, str]]) -> list[Row] | None:
    """Without what `columns` leaves out, which takes its default whatever was sent."""
    named = [value for name, value in query if name == "columns"]
    if rows is None or not named:
        return rows
    used = {name.strip().strip('"') for value in named for name in value.split(",")}
    return [{name: value for name, value in row.items() if name in used} for row in rows]


def _rows(body: bytes | None) -> list[Row] | None:
    if not body or len(body) > _MOST_BODY:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    rows = value if isinstance(value, list) else [value]
    if len(rows) > _MOST_ROWS or not all(isinstance(row, dict) for row in rows):
        return None
    return rows


def _tags_of(tables: Tables, write: _Write) -> list[str]:
    if write.method in ("POST", "PUT") and write.sent is None and write.returned is None:
        return [write.table + "!"]
    if write.method == "PATCH" and write.sent is None:
        return [write.table + "!"]
    tags = [write.table]
    for column in tables.columns(write.table):
        values = _values(write, column)
        if values is None:
            tags.append(f"{write.table}.{column}")
        else:
            tags += [f"{write.table}.{column}={value}" for value in values]
    return tags


def _values(write: _Write, column: str) -> set[str] | None:
    """Every value that the column has, had or gets in a row of the write; None if one is unsure."""
    if write.method in ("POST", "PUT"):
        if write.upserts is not None and column not in write.upserts:
            return None  # a row that was there before may have had another
        return _inserted(write, column)
    before = _chosen(write, column)
    if write.method == "DELETE":
        return before if before is not None else _of_rows(write.returned, column)
    changes = [row for row in write.sent or [] if column in row]
    if not changes:
        return _unchanged(write, column, before)
    after = _of_rows(changes, column)
    return None if before is None or after is None else before | after


def _inserted(write: _Write, column: str) -> set[str] | None:
    """As they are in the answer, and as they were sent: a trigger may have changed them."""
    sent, returned = _of_rows(write.sent, column), _of_rows(write.returned, column)
    if returned is None:
        return sent
    return returned | (sent or set())


def _unchanged(write: _Write, column: str, before: set[str] | None) -> set[str] | None:
    """Of a column that the write does not name.

    A key stays as it is. Any other may be computed from what was changed: then both what it was
    and what it is must be known.
    """
    returned = _of_rows(write.returned, column)
    if column == "id" or column.endswith("_id"):
        return before if before is not None else returned
    return None if before is None or returned is None else before | returned


def _chosen(write: _Write, column: str) -> set[str] | None:
    """What the write's own filter says about the rows as they were."""
    return set(write.pinned[column]) if column in write.pinned else None


def _of_rows(rows: list[Row] | None, column: str) -> set[str] | None:
    """The values of a column in all rows; None where one is missing or has no safe form."""
    if not rows:  # an empty answer does not prove that nothing was written
        return None
    found: set[str] = set()
    for row in rows:
        value = _text(row[column]) if column in row else None
        if value is None:
            return None
        found.add(value)
    return found


def _text(value: object) -> str | None:
    """How a filter may write this value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return normalised(str(value))
    return normalised(str(value)) if isinstance(value, int | str) else None
