"""The database functions that `/rest/v1/rpc/<name>` calls.

Each takes its arguments by name. A function that returns rows can be filtered like a table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.demo.supabase.postgrest.errors import PostgrestError
from sidecar.demo.supabase.postgrest.rows import Access
from sidecar.demo.supabase.postgrest.schema import Kind, Row, cast


@dataclass(frozen=True, slots=True)
class Function:
    """A stored function: its arguments' types, and what it does."""

    name: str
    arguments: Mapping[str, Kind]
    body: Callable[..., Any]
    returns: str = ""
    """The table whose rows it returns; "" for a plain value."""
    volatile: bool = False
    """It writes: GET and HEAD are refused."""


def _unread_total(access: Access, account_id: int) -> int:
    rows = access.database.schemas["public"]["conversations"].rows
    return sum(row["unread"] for row in rows if row["account_id"] == account_id)


def _search_contacts(access: Access, term: str) -> list[Row]:
    rows = access.database.schemas["public"]["contacts"].rows
    return [row for row in rows if term.lower() in row["name"].lower()]


def _close_conversation(access: Access, conversation_id: int) -> list[Row]:
    rows = access.database.schemas["public"]["conversations"].rows
    changed = []
    for at, row in enumerate(rows):
        if row["id"] == conversation_id:
            rows[at] = {**row, "status": "closed", "unread": 0}
            changed.append(rows[at])
    return changed


def _fail(_access: Access, sqlstate: str, message: str) -> None:
    raise PostgrestError(sqlstate, message, details="raised by fail()", hint="call something else")


FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("add", {"a": "bigint", "b": "bigint"}, lambda _access, a, b: a + b),
        Function("echo", {"value": "jsonb"}, lambda _access, value: value),
        Function("current_user_id", {}, lambda access: access.caller.user or None),
        Function("unread_total", {"account_id": "bigint"}, _unread_total),
        Function("search_contacts", {"term": "text"}, _search_contacts, returns="contacts"),
        Function(
            "close_conversation",
            {"conversation_id": "bigint"},
            _close_conversation,
            returns="conversations",
            volatile=True,
        ),
        Function("fail", {"sqlstate": "text", "message": "text"}, _fail),
    )
}


def call(access: Access, name: str, arguments: Mapping[str, Any], *, reading: bool) -> Any:
    """The result of a function.

    Args:
        access: on whose behalf.
        name: of the function.
        arguments: by name; text is cast to the argument's type.
        reading: the request was a GET or HEAD, which runs in a read-only transaction.

    Raises:
        PostgrestError: PGRST202, no function has this name and these arguments; or its own.
    """
    function = FUNCTIONS.get(name)
    if function is None or set(arguments) != set(function.arguments):
        named = ", ".join(sorted(arguments))
        signature = f"public.{name}({named})" if named else f"public.{name} without parameters"
        raise PostgrestError(
            "PGRST202",
            f"Could not find the function {signature} in the schema cache",
            details=f"Searched for the function {signature}, but no matches were found.",
        )
    if reading and function.volatile:
        raise PostgrestError("25006", "cannot execute UPDATE in a read-only transaction")
    values = {
        key: cast(function.arguments[key], value) if isinstance(value, str) else value
        for key, value in arguments.items()
    }
    return function.body(access, **values)
