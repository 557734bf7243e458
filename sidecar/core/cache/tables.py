"""Decides of which PostgREST tables, and which of their rows, an answer is made: as tags.

A read carries tags and a write bumps tags, so that whatever a write may have changed has one of
the tags that it bumps. For a table `t` these are

    t!       every read of it: a write of which nothing is known
    t        rows chosen by no column that is known: every write to it
    t.c=v    rows in which `c` is `v`: a write to a row in which it is, or was, or becomes that
    t.c      rows chosen by `c`: a write to rows of which `c` is not known
    t.id+    rows chosen by `id` that were not all there: a new row whose `id` is not known

A read of which it is not known what it reads carries `?`, which every write bumps, and every read
carries `*`. Pure. Source: docs.postgrest.org, "Tables and Views" (filters),
"Resource Embedding", "Schemas".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_plus

from sidecar.core.cache.directives import value_of
from sidecar.core.cache.literals import normalised
from sidecar.core.cache.row_keys import RowKeys
from sidecar.exchange import RawHeaders, Request

ALL = "*"
"""The tag of every read."""

_PATH = re.compile(r"/rest/v1/(rpc/)?([^/?]+)")
_BEFORE_NAME = re.compile(r"[,):]")
NO_FILTERS = frozenset(("select", "order", "limit", "offset", "columns", "on_conflict"))
"""Parameters that choose no rows by a column."""
_IS = frozenset(("null", "true", "false", "unknown"))
_MOST_VALUES = 32
_MOST_COLUMNS = 64
_MOST_TABLES = 4096
_MOST_HINTS = 4
_JOINS = frozenset(("inner", "left"))
"""What is written as a hint, and is no name."""


class Target(NamedTuple):
    """What a path of the API names."""

    name: str
    """With its schema where that is not the usual one."""
    is_function: bool


@dataclass(frozen=True, slots=True)
class TableRules:
    """What the paths and bodies of an API do not tell."""

    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a function: the tables that it reads, or changes when it is called by POST."""
    views: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a view: the tables that it is made from."""
    related: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of a table: others that change with it, by triggers and cascades. Of a column of a table, as
    `t.c`: columns of others, of which the rows with the same value change."""


class Relation(NamedTuple):
    """What changes with a row of a table."""

    table: str
    column: str = ""
    """By which its rows are found; "" where all may change."""
    by: str = ""
    """The column of the written row with the same value."""


class Tables:
    """One database: its rules, and what was seen of its names so far."""

    def __init__(self, rules: TableRules) -> None:
        self.rules = rules
        self.keys = RowKeys()
        self._related: dict[str, list[Relation]] = {}
        for name, others in rules.related.items():
            table, by = _table_and_column(name)
            self._related.setdefault(table, []).extend(
                Relation(*_table_and_column(other), by) if by else Relation(other)
                for other in others
            )
        self._columns: dict[str, set[str]] = {}
        """Of each table, those by which rows were read."""
        self._known: set[str] = set()
        """Names that are tables, because a path named them so."""

    def read_tags(self, request: Request) -> tuple[str, ...]:
        """The tags of an answer to this request; none where it is not about tables."""
        target = target_of(request)
        if target is None:
            return ()
        query = parameters(request)
        tags = [ALL]
        if target.is_function:
            tags += self._read_by(target.name)
        else:
            for table in self.made_from(target.name):
                tags += [table + "!", *self._rows(table, query if table == target.name else [])]
        prefix = target.name[: -len(target.name.rpartition("/")[2])]
        for name, *hints in _embedded(query):
            for table in self.made_from(prefix + name):
                known = table in self._known or prefix + name in self.rules.views
                tags += [table + "!", table] if known else [table + "!", table, ANY_WRITE]
            for table in (prefix + hint for hint in hints):  # by way of which they may be joined
                tags += [table + "!", table]
        if not target.is_function:
            self._learn(target.name)
        return tuple(dict.fromkeys(tags))

    def _read_by(self, function: str) -> list[str]:
        named = self.rules.functions.get(function)
        if named is None:
            return [ANY_WRITE]
        tables = [table for name in named for table in self.made_from(name)]
        return [tag for table in tables for tag in (table + "!", table)]

    def made_from(self, name: str) -> tuple[str, ...]:
        """The tables behind a name: those of a view, or itself."""
        return self.rules.views.get(name, (name,))

    def related(self, table: str) -> Sequence[Relation]:
        """What changes with its rows."""
        return self._related.get(table, ())

    def changed_with(self, name: str) -> tuple[str, ...]:
        """The tables that a write to this name may change: those behind it, and related ones."""
        behind = self.made_from(name)
        related = [each.table for table in (name, *behind) for each in self.related(table)]
        further = [table for each in related for table in self.made_from(each)]
        return tuple(dict.fromkeys((*behind, *further)))

    def columns(self, table: str) -> frozenset[str]:
        """The columns by which its rows were read."""
        return frozenset(self._columns.get(table, ()))

    def _learn(self, name: str) -> None:
        if len(self._known) < _MOST_TABLES:
            self._known.add(name)

    def _rows(self, table: str, query: list[tuple[str, str]]) -> list[str]:
        """By the most telling of the columns that a filter pins to known values."""
        pinned = pinned_values(query)
        if not pinned or (table not in self._columns and len(self._columns) >= _MOST_TABLES):
            return [table]
        columns = self._columns.setdefault(table, set())
        for column in sorted(pinned, key=_telling):
            if column in columns or len(columns) < _MOST_COLUMNS:
                columns.add(column)
                rows = [f"{table}.{column}={value}" for value in pinned[column]]
                new = [new_rows(table)] if column == "id" else []
                return [f"{table}.{column}", *rows, *new]
        return [table]


ANY_WRITE = "?"
"""The tag of reads of which it is not known what they read: every write to any table bumps it."""


def new_rows(table: str) -> str:
    """The tag of reads by `id` that a new row may change, because they found none."""
    return f"{table}.id+"


def _table_and_column(name: str) -> tuple[str, str]:
    """Of `t.c`; "" for the column where there is none."""
    table, dot, column = name.rpartition(".")
    return (table, column) if dot else (name, "")


def target_of(request: Request) -> Target | None:
    """What the path names; None where it is not PostgREST's."""
    found = _PATH.fullmatch(request.target.partition("?")[0])
    if found is None:
        return None
    reads = request.method in ("GET", "HEAD")
    schema = _schema(request.headers, b"accept-profile" if reads else b"content-profile")
    return Target(schema + unquote_plus(found[2]), is_function=found[1] is not None)


def _schema(headers: RawHeaders, name: bytes) -> str:
    """`public` is what the schema is where none is named, in Supabase as in PostgREST."""
    value = (value_of(headers, name) or b"").decode("latin-1").strip()
    return "" if value in ("", "public") else value + "/"


def parameters(request: Request) -> list[tuple[str, str]]:
    """The query, decoded."""
    query = request.target.partition("?")[2]
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def pinned_values(query: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The columns that a filter pins (`eq`, `in`, `is`), and to which values."""
    pinned: dict[str, tuple[str, ...]] = {}
    for name, condition in query:
        if name in NO_FILTERS or not re.fullmatch(r"\w+", name) or name in ("and", "or", "not"):
            continue
        operator, _, operand = condition.partition(".")
        if operator == "eq" or (operator == "is" and operand.lower() in _IS):
            values = [operand]
        elif operator == "in" and operand[:1] == "(" and operand[-1:] == ")" and '"' not in operand:
            values = operand[1:-1].split(",")
        else:
            continue
        known = [each for value in values if (each := normalised(value)) is not None]
        if len(known) == len(values) <= _MOST_VALUES:
            pinned.setdefault(name, tuple(known))
    return pinned


def _telling(column: str) -> tuple[int, str]:
    return (0 if column == "id" else 1 if column.endswith("_id") else 2, column)


def _embedded(query: list[tuple[str, str]]) -> list[list[str]]:
    """The resources that `select` embeds, each with its hints.

    An aggregate cannot be told from one.
    """
    selects = [value for name, value in query if name == "select"]
    names = (_embedded_by(each) for select in selects for each in select.split("(")[:-1])
    return [found for found in names if found]


def _embedded_by(text: str) -> list[str]:
    """The resource and the hints in `…,alias:name!hint`, behind which a bracket opens.

    Not by one expression: that would take for ever to see that a long text has none.
    """
    own = _BEFORE_NAME.split(text)[-1]
    parts = (part.rpartition(".")[2].strip().strip('"') for part in own.split("!"))
    return [part for part in parts if part and part not in _JOINS][:_MOST_HINTS]
