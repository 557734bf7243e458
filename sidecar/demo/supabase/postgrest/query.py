"""A query string as a Query: what to select, filter, sort and cut; and its rows. Pure.

Embedded tables (`select=*,contacts(name)`) are queries of their own inside the outer one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.demo.supabase.postgrest.conditions import Condition, Equal, condition, every
from sidecar.demo.supabase.postgrest.errors import PostgrestError, unparsable
from sidecar.demo.supabase.postgrest.expressions import Expression, expression
from sidecar.demo.supabase.postgrest.scanner import split, unquote
from sidecar.demo.supabase.postgrest.schema import Row, Schema, Table, cast
from sidecar.demo.supabase.target import Pairs

MAX_ROWS = 1_000
RESERVED = ("select", "order", "limit", "offset", "columns", "on_conflict", "apikey")

Visible = Callable[[Table], Sequence[Row]]
"""The rows of a table that the caller may see."""

_AGGREGATES = ("avg", "count", "max", "min", "sum")
_EMBED = re.compile(r"(?:(\w+):)?(\w+)((?:!\w+)*)\((.*)\)", re.DOTALL)
_FIELD = re.compile(r'(?:([^:"]+|"[^"]*"):(?!:))?(.+?)(?:::(\w+))?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """One selected expression."""

    label: str
    value: Expression
    cast: str = ""

    def of(self, row: Row) -> Any:
        """What the client gets."""
        value = self.value.of(row)
        if not self.cast or value is None:
            return value
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return cast("bigint", text) if self.cast.startswith(("int", "bigint")) else text


@dataclass(frozen=True, slots=True)
class Embed:
    """Rows of another table inside each row."""

    label: str
    query: "Query"
    mine: str
    theirs: str
    single: bool
    inner: bool

    def of(self, row: Row, visible: Visible) -> Any:
        """The related row or rows."""
        related = [other for other in visible(self.query.table) if self._joined(row, other)]
        found = self.query.run(related, visible)[0]
        return (found[0] if found else None) if self.single else found

    def _joined(self, row: Row, other: Row) -> bool:
        return row[self.mine] is not None and other[self.theirs] == row[self.mine]


@dataclass(slots=True)
class Query:
    """One table's part of a request."""

    table: Table
    items: list[Field | Embed] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[Expression, bool, bool]] = field(default_factory=list)
    """Expression, descending, NULLs first."""
    limit: int | None = None
    offset: int = 0

    def matching(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that the filters let through."""
        others = []
        for test in self.conditions:
            if isinstance(test, Equal):
                column, value = test.column, test.value
                rows = [row for row in rows if row[column] == value]
            else:
                others.append(test)
        if not others:
            return list(rows)
        holds = every(others)
        return [row for row in rows if holds(row)]

    def run(self, rows: Sequence[Row], visible: Visible) -> tuple[list[Row], int]:
        """The selected page, and how many rows there are in total."""
        found = self.matching(rows)
        if any(isinstance(item, Embed) and item.inner for item in self.items):
            found = [row for row in found if self._has_inner(row, visible)]
        for by, descending, nulls_first in reversed(self.order):
            present = [row for row in found if by.of(row) is not None]
            absent = [row for row in found if by.of(row) is None]
            present.sort(key=by.of, reverse=descending)
            found = absent + present if nulls_first else present + absent
        limit = MAX_ROWS if self.limit is None else min(self.limit, MAX_ROWS)
        page = found[self.offset : self.offset + limit]
        return [self.project(row, visible) for row in page], len(found)

    def project(self, row: Row, visible: Visible) -> Row:
        """The selected part of one row."""
        return {
            item.label: item.of(row) if isinstance(item, Field) else item.of(row, visible)
            for item in self.items
        }

    def _has_inner(self, row: Row, visible: Visible) -> bool:
        return all(
            item.of(row, visible) for item in self.items if isinstance(item, Embed) and item.inner
        )


def parse(schema: Schema, table: Table, pairs: Pairs) -> Query:
    """Read a query string.

    Raises:
        PostgrestError: it does not follow the grammar, or names what is not there.
    """
    query = Query(table)
    embeds = set()
    for text in split(_last(pairs, "select") or "*"):
        item = text.strip()
        if match := _EMBED.fullmatch(item):
            embeds.add(match[1] or match[2])
            query.items.append(_embed(schema, table, match, pairs))
        else:
            query.items.extend(_fields(table, item))
    query.order = [_order(table, item) for item in split(_last(pairs, "order"))]
    query.limit = _number(pairs, "limit")
    query.offset = _number(pairs, "offset") or 0
    for name, value in pairs:
        if name not in RESERVED and name.partition(".")[0] not in embeds:
            query.conditions.append(condition(table, name, value))
    return query


def _fields(table: Table, text: str) -> list[Field | Embed]:
    if text == "*":
        return [Field(column.name, expression(table, column.name)) for column in _all(table)]
    match = _FIELD.fullmatch(text)
    if match is None:
        raise unparsable("select parameter", text, "expecting a column")
    alias, name, kind = match.groups()
    if name.endswith("()"):
        raise PostgrestError("PGRST123", "Use of aggregate functions is not allowed")
    value = expression(table, name)
    return [Field(unquote(alias) if alias else value.label, value, kind or "")]


def _embed(schema: Schema, table: Table, match: re.Match[str], pairs: Pairs) -> Embed:
    alias, name, hints, inner = match.groups()
    if name in _AGGREGATES and name not in schema:
        raise PostgrestError("PGRST123", "Use of aggregate functions is not allowed")
    label, words = alias or name, hints.split("!")[1:]
    other = schema.get(name)
    owned = [(f"{label}.", key, value) for key, value in pairs]
    nested = [(key[len(mark) :], value) for mark, key, value in owned if key.startswith(mark)]
    nested.append(("select", inner))
    joined = "inner" in words
    for column, target in table.references.items():
        if other and target == name and not set(words) - {"inner", "left", column}:
            return Embed(label, parse(schema, other, nested), column, "id", True, joined)
    for column, target in other.references.items() if other else ():
        if other and target == table.name and not set(words) - {"inner", "left", column}:
            return Embed(label, parse(schema, other, nested), "id", column, False, joined)
    raise PostgrestError(
        "PGRST200",
        f"Could not find a relationship between '{table.name}' and '{name}' in the schema cache",
        details=f"Searched for a foreign key relationship between '{table.name}' and '{name}' "
        "in the schema 'public', but no matches were found.",
    )


def _order(table: Table, text: str) -> tuple[Expression, bool, bool]:
    name, *words = split(text.strip(), ".")
    if unknown := set(words) - {"asc", "desc", "nullsfirst", "nullslast"}:
        raise unparsable("order", text, f"unexpected {min(unknown)!r}")
    descending = "desc" in words
    nulls_first = "nullsfirst" in words or (descending and "nullslast" not in words)
    return expression(table, name), descending, nulls_first


def _all(table: Table) -> Sequence[Any]:
    return list(table.columns.values())


def _last(pairs: Pairs, name: str) -> str:
    return next((value for key, value in reversed(pairs) if key == name), "")


def _number(pairs: Pairs, name: str) -> int | None:
    text = _last(pairs, name)
    return cast("bigint", text) if text else None
