"""Tables in memory: typed columns, keys, references, row-level security. No HTTP in here.

Rows are never changed in place: an update replaces them, so that a shallow copy of the list is a
snapshot to return to.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from sidecar.demo.supabase.postgrest.errors import PostgrestError

Row = dict[str, Any]
Kind = Literal["bigint", "text", "boolean", "timestamp with time zone", "uuid", "jsonb", "text[]"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `default` makes the value of a row that names none."""

    name: str
    kind: Kind = "text"
    required: bool = False
    default: Callable[[], Any] | None = None

    def read(self, value: Any) -> Any:
        """The value as the column keeps it; text is cast as PostgreSQL does.

        Raises:
            PostgrestError: 22P02, the text is not of the column's type.
        """
        if value is None or self.kind == "jsonb":
            return value
        if self.kind == "text[]":
            return _array(value)
        if not isinstance(value, str):
            return value if self.kind in ("bigint", "boolean") else str(value)
        return cast(self.kind, value)


@dataclass(slots=True)
class Table:
    """A table with its rows."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ("id",)
    unique: tuple[tuple[str, ...], ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    """Column → the table whose `id` it holds."""
    owner: str = ""
    """The column that names the user who may see a row; "" where everyone sees all."""
    max_rows: int = 5_000
    """The oldest row goes when there would be more: a demonstration runs for days."""
    rows: list[Row] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """The column, or 42703."""
        if name not in self.columns:
            raise PostgrestError("42703", f"column {self.name}.{name} does not exist")
        return self.columns[name]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo every change to the rows if the block raises."""
        before = list(self.rows)
        try:
            yield
        except BaseException:
            self.rows[:] = before
            raise

    def complete(self, given: Mapping[str, Any]) -> Row:
        """A new row from what the client gave: cast, with defaults, checked for NULLs."""
        row = {
            column.name: column.read(given[column.name])
            if column.name in given
            else (column.default() if column.default else None)
            for column in self.columns.values()
        }
        self.check_required(row)
        return row

    def check_required(self, row: Row) -> None:
        """Raise 23502 for a NULL where none may be."""
        for column in self.columns.values():
            if column.required and row[column.name] is None:
                raise PostgrestError(
                    "23502",
                    f'null value in column "{column.name}" of relation "{self.name}" '
                    "violates not-null constraint",
                    details=f"Failing row contains {tuple(row.values())}.".replace("None", "null"),
                )

    def conflict(self, row: Row, columns: tuple[str, ...], but: Row | None = None) -> Row | None:
        """Another row than `but` with the same values in `columns`."""
        wanted = [row[name] for name in columns]
        if None in wanted:
            return None
        for other in self.rows:
            if other is not but and [other[name] for name in columns] == wanted:
                return other
        return None

    def check_unique(self, row: Row, but: Row | None = None) -> None:
        """Raise 23505 if the row would be there twice."""
        for columns in (self.key, *self.unique):
            if self.conflict(row, columns, but):
                suffix = "pkey" if columns == self.key else f"{'_'.join(columns)}_key"
                names, values = ", ".join(columns), ", ".join(str(row[name]) for name in columns)
                raise PostgrestError(
                    "23505",
                    f'duplicate key value violates unique constraint "{self.name}_{suffix}"',
                    details=f"Key ({names})=({values}) already exists.",
                )


Schema = dict[str, Table]


@dataclass(slots=True)
class Database:
    """The exposed schemas; the first is the default."""

    schemas: dict[str, Schema]

    def check_references(self, schema: str, table: Table, row: Row) -> None:
        """Raise 23503 if the row refers to one that is not there."""
        for name, other in table.references.items():
            found = any(target["id"] == row[name] for target in self.schemas[schema][other].rows)
            if row[name] is not None and not found:
                raise PostgrestError(
                    "23503",
                    f'insert or update on table "{table.name}" violates foreign key constraint '
                    f'"{table.name}_{name}_fkey"',
                    details=f'Key ({name})=({row[name]}) is not present in table "{other}".',
                )


def cast(kind: str, text: str) -> Any:
    """What `text` means as a value of `kind`.

    Raises:
        PostgrestError: 22P02, it means nothing.
    """
    try:
        match kind:
            case "bigint":
                return int(text)
            case "boolean":
                return {"true": True, "t": True, "false": False, "f": False}[text.lower()]
            case "jsonb":
                return json.loads(text)
            case "text[]":
                return _array(text)
            case _:
                return text
    except (ValueError, KeyError):
        named = "json" if kind == "jsonb" else kind
        message = f'invalid input syntax for type {named}: "{text}"'
        raise PostgrestError("22P02", message) from None


def _array(value: Any) -> list[str]:
    """A list as it is, or PostgreSQL's `{a,"b c"}`."""
    if isinstance(value, list):
        return [str(item) for item in value]
    text = str(value)
    if not (text.startswith("{") and text.endswith("}")):
        raise PostgrestError(
            "22P02",
            f'malformed array literal: "{text}"',
            details='Array value must start with "{" or dimension information.',
        )
    from sidecar.demo.supabase.postgrest.scanner import split, unquote

    return [unquote(item) for item in split(text[1:-1])]
