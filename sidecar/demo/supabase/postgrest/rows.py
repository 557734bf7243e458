"""Reading and writing tables on behalf of a caller: visibility, inserts, upserts, updates, deletes.

Row-level security: of a table with an owner column, a user sees and writes its own rows, the
service role all, anybody else none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.demo.supabase.caller import Caller
from sidecar.demo.supabase.postgrest.errors import PostgrestError
from sidecar.demo.supabase.postgrest.query import Query
from sidecar.demo.supabase.postgrest.schema import Database, Row, Table


@dataclass(frozen=True, slots=True)
class Access:
    """One caller's view of one schema."""

    database: Database
    schema: str
    caller: Caller

    def visible(self, table: Table) -> Sequence[Row]:
        """The rows that the caller may see."""
        if not table.owner or self.caller.role == "service_role":
            return table.rows
        return [row for row in table.rows if self.caller.user == row[table.owner] != ""]

    def insert(
        self, table: Table, given: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()
    ) -> list[Row]:
        """Add rows; only `columns` count where they are named.

        Raises:
            PostgrestError: a constraint or a policy refuses one; the caller rolls back.
        """
        inserted = []
        for one in given:
            row = self._new(table, one, columns)
            table.check_unique(row)
            self._append(table, row)
            inserted.append(row)
        return inserted

    def upsert(
        self, table: Table, given: Sequence[Mapping[str, Any]], on: Sequence[str], *, merge: bool
    ) -> list[Row]:
        """Add rows; one that is there already is merged into, or left and not returned."""
        key = tuple(on) or table.key
        for name in key:
            table.column(name)
        if key != table.key and key not in table.unique:
            message = "there is no unique or exclusion constraint matching the ON CONFLICT"
            raise PostgrestError("42P10", f"{message} specification")
        written = []
        for one in given:
            self._check_columns(table, one)
            wanted = {name: table.columns[name].read(one.get(name)) for name in key}
            if there := table.conflict(wanted, key):
                if merge:
                    written.append(self._replace(table, there, one))
                continue
            written.extend(self.insert(table, [one]))
        return written

    def update(self, query: Query, changes: Mapping[str, Any]) -> list[Row]:
        """Change every matching row."""
        table = query.table
        self._check_columns(table, changes)
        self._check_where(query, "UPDATE")
        found = query.matching(self.visible(table))
        return [self._replace(table, row, changes) for row in found]

    def delete(self, query: Query) -> list[Row]:
        """Remove every matching row."""
        self._check_where(query, "DELETE")
        found = query.matching(self.visible(query.table))
        gone = {id(row) for row in found}
        query.table.rows[:] = [row for row in query.table.rows if id(row) not in gone]
        return found

    def _new(self, table: Table, one: Mapping[str, Any], columns: Sequence[str]) -> Row:
        given = {name: one.get(name) for name in columns} if columns else dict(one)
        self._check_columns(table, given)
        if table.owner and self.caller.user:
            given.setdefault(table.owner, self.caller.user)
        row = table.complete(given)
        self._check_policy(table, row)
        self.database.check_references(self.schema, table, row)
        return row

    def _replace(self, table: Table, row: Row, changes: Mapping[str, Any]) -> Row:
        changed = {name: table.columns[name].read(value) for name, value in changes.items()}
        after = {**row, **changed}
        table.check_required(after)
        table.check_unique(after, but=row)
        self._check_policy(table, after)
        self.database.check_references(self.schema, table, after)
        table.rows[next(at for at, one in enumerate(table.rows) if one is row)] = after
        return after

    def _append(self, table: Table, row: Row) -> None:
        table.rows.append(row)
        del table.rows[: max(0, len(table.rows) - table.max_rows)]

    def _check_columns(self, table: Table, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in table.columns:
                message = f"Could not find the '{name}' column of '{table.name}'"
                raise PostgrestError("PGRST204", f"{message} in the schema cache")

    def _check_policy(self, table: Table, row: Row) -> None:
        if not table.owner or self.caller.role == "service_role":
            return
        if not self.caller.user or row[table.owner] != self.caller.user:
            message = f'new row violates row-level security policy for table "{table.name}"'
            raise PostgrestError("42501", message)

    def _check_where(self, query: Query, verb: str) -> None:
        if not query.conditions:
            raise PostgrestError("21000", f"{verb} requires a WHERE clause")
