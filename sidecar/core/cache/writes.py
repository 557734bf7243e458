"""Decides which tags a write to a PostgREST table bumps: all whose reads it may have changed.

What is not known is taken for changed. Pure.
"""

from collections.abc import Callable

from sidecar.core.cache.row_keys import is_key, text_of
from sidecar.core.cache.tables import ANY_WRITE, Relation, Tables, new_rows, target_of
from sidecar.core.cache.told import tables_written
from sidecar.core.cache.written import Known, Row, Write, nothing_known, read_write
from sidecar.exchange import Request


def write_tags(
    tables: Tables,
    request: Request,
    answer: bytes | None,
    known: Known = nothing_known,
    *,
    sure: bool = True,
) -> tuple[str, ...]:
    """The tags that this request bumps, done or possibly done; none where it is not about tables.

    Args:
        tables: the database. It forgets the keys of rows that this request may change.
        request: it is neither GET nor HEAD.
        answer: the body of its answer, where it is known.
        known: what was read of the rows before.
        sure: whether it was done, and is not done later.
    """
    target = target_of(request)
    if target is None:
        return ()
    if target.is_function:
        return tables_written(tables, request)
    tags = [ANY_WRITE]
    write = read_write(target.name, request, answer, known)
    for table in tables.made_from(target.name):
        if table == target.name:
            tags += _tags_of(tables, write)
        else:  # which of its rows a write to the view changes is not known
            tags += [each + "!" for each in tables.changed_with(table)]
    for relation in tables.related(target.name):
        tags += _related(tables, write, relation)
    if _moves(tables, write) and not sure:
        tags.append(target.name + "!")  # what is read of its rows until then does not hold
    return tuple(dict.fromkeys(tags))


def begin(tables: Tables, request: Request) -> Callable[[], None]:
    """This request is about to be made: what it may move is not known until the end is called.

    It is called before `write_tags` is, for which what was read before it was made then holds.
    """
    target = target_of(request)
    if target is None or target.is_function:
        return _nothing
    write = read_write(target.name, request, None, nothing_known)
    return tables.keys.move(write.table, _moved(write)) if _names_keys(write) else _nothing


def _nothing() -> None:
    return None


def _related(tables: Tables, write: Write, relation: Relation) -> list[str]:
    """What changes with the rows of the write."""
    table, column, by = relation
    rows = _values(write, by) if column else None
    if rows is None or tables.made_from(table) != (table,):
        return [each + "!" for each in tables.made_from(table)]
    tags = [table]
    for each in tables.columns(table):
        values = rows if each == column else None
        if values is None and column == "id" and is_key(each):
            values = write.known(table, rows, each)
        tags += _bumped(table, each, values)
    return tags


def _bumped(table: str, column: str, values: set[str] | None) -> list[str]:
    """The tags of rows by the values of a column; None are all."""
    if values is None:
        return [f"{table}.{column}"]
    return [f"{table}.{column}={value}" for value in values]


def _moves(tables: Tables, write: Write) -> bool:
    """Whether the write may give rows other keys; then those that were read are forgotten."""
    if not _names_keys(write):
        return False
    tables.keys.forget(write.table, _moved(write))
    return True


def _names_keys(write: Write) -> bool:
    if write.method == "DELETE":
        return False
    return write.sent is None or any(is_key(name) for row in write.sent for name in row)


def _moved(write: Write) -> set[str] | None:
    """The rows, by `id`; None if one is unsure."""
    if write.method == "PATCH":
        return _chosen(write, "id")
    if write.upserts is None:  # new ones: what has no id yet was not read either
        ids = {text_of(row["id"]) for row in write.sent or [] if "id" in row}
        return {name for name in ids if name is not None}
    return _of_rows(write.sent, "id") if write.upserts == {"id"} else None


def _tags_of(tables: Tables, write: Write) -> list[str]:
    if write.method in ("POST", "PUT") and write.sent is None and write.returned is None:
        return [write.table + "!"]
    if write.method == "PATCH" and write.sent is None:
        return [write.table + "!"]
    tags = [write.table]
    for column in tables.columns(write.table):
        if column == "id" and write.method == "POST" and write.upserts is None:
            tags += _new(write)
        else:
            tags += _bumped(write.table, column, _values(write, column))
    return tags


def _new(write: Write) -> list[str]:
    """The tags of rows by `id` that an insert bumps.

    A row that is inserted without an `id` gets one that no row had, so that what was found by `id`
    stays as it is, and only what was not found may be there now.
    """
    rows = write.sent if write.returned is None else [*write.returned, *(write.sent or [])]
    named = [row for row in rows or [] if "id" in row]
    tags = _bumped(write.table, "id", _of_rows(named, "id") if named else set())
    made = write.returned or write.sent
    are_all_known = bool(made) and all("id" in row for row in made or ())
    return tags if are_all_known else [*tags, new_rows(write.table)]


def _values(write: Write, column: str) -> set[str] | None:
    """Every value that the column has, had or gets in a row of the write; None if one is unsure."""
    if write.method in ("POST", "PUT"):
        if write.upserts is not None and column not in write.upserts:
            return None  # a row that was there before may have had another
        return _inserted(write, column)
    before = _chosen(write, column)
    if before is None and is_key(column) and (names := _chosen(write, "id")) is not None:
        before = write.known(write.table, names, column)
    if write.method == "DELETE":
        return before if before is not None else _of_rows(write.returned, column)
    changes = [row for row in write.sent or [] if column in row]
    if not changes:
        return _unchanged(write, column, before)
    sent, returned = _of_rows(changes, column), _of_rows(write.returned, column)
    if before is None or sent is None:
        return None
    return before | sent | (returned or set())  # a trigger may have changed what was sent


def _inserted(write: Write, column: str) -> set[str] | None:
    """As they are in the answer, and as they were sent: a trigger may have changed them."""
    sent, returned = _of_rows(write.sent, column), _of_rows(write.returned, column)
    if returned is None:
        return sent
    return returned | (sent or set())


def _unchanged(write: Write, column: str, before: set[str] | None) -> set[str] | None:
    """Of a column that the write does not name.

    A key stays as it is. Any other may be computed from what was changed: then both what it was
    and what it is must be known.
    """
    returned = _of_rows(write.returned, column)
    if column == "id" or is_key(column):
        return before if before is not None else returned
    return None if before is None or returned is None else before | returned


def _chosen(write: Write, column: str) -> set[str] | None:
    """What the write's own filter says about the rows as they were."""
    return set(write.pinned[column]) if column in write.pinned else None


def _of_rows(rows: list[Row] | None, column: str) -> set[str] | None:
    """The values of a column in all rows; None where one is missing or has no safe form."""
    if not rows:  # an empty answer does not prove that nothing was written
        return None
    found: set[str] = set()
    for row in rows:
        value = text_of(row[column]) if column in row else None
        if value is None:
            return None
        found.add(value)
    return found
