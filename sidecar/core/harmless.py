"""Decides which writes may be made twice, because the second changes nothing more than the first.

Where the provider's own words say so; what a trigger or a webhook does with a second one is for
whoever turns it on. Pure. Sources: docs.postgrest.org, "Tables and Views" (update, upsert, delete),
"Preferences"; developers.facebook.com, Cloud API, "Mark messages as read".
"""

from typing import Literal, TypeAlias

from sidecar.core.cache.directives import values_of
from sidecar.core.cache.tables import NO_FILTERS, parameters, target_of
from sidecar.core.cache.written import deciding
from sidecar.core.json_path import Json, parsed
from sidecar.exchange import Request

Harmless: TypeAlias = Literal["none", "postgrest", "graph"]
"""Whose writes are looked at."""

_MOST_BODY = 1024 * 1024
_TOLD = (b"return=representation", b"return=headers-only", b"count=", b"max-affected", b"tx=")
"""Preferences by which an answer tells what this one call has changed."""


def is_harmless(kind: Harmless, request: Request) -> bool:
    """Whether this write may be made again although it may have been done."""
    if kind == "postgrest":
        return _in_postgrest(request)
    return kind == "graph" and _is_read_receipt(request)


def _is_read_receipt(request: Request) -> bool:
    """A message is marked as read: once more, it is read."""
    path = request.target.partition("?")[0]
    body = _json(request)
    return (
        request.method == "POST"
        and path.endswith("/messages")
        and isinstance(body, dict)
        and body.get("status") == "read"
        and "message_id" in body
    )


def _in_postgrest(request: Request) -> bool:
    target = target_of(request)
    if target is None or target.is_function:
        return False
    preferences = b",".join(values_of(request.headers, b"prefer")).lower()
    if request.method in ("DELETE", "PUT"):  # a PUT is of the whole row, by its primary key
        return not _is_limited(request) and not any(word in preferences for word in _TOLD)
    if request.method == "PATCH":
        return not _is_limited(request) and _sets_what_it_does_not_ask_for(request)
    if request.method == "POST" and b"resolution=merge-duplicates" in preferences:
        return _names_its_rows(request)
    return False


def _is_limited(request: Request) -> bool:
    """Whether it is for some of the rows that it asks for: the second would be for others."""
    return any(name in ("limit", "offset") for name, _ in parameters(request))


def _sets_what_it_does_not_ask_for(request: Request) -> bool:
    """A PATCH finds the same rows again unless it asks for them by a column that it sets.

    Such as a job that is taken while it is free.
    """
    body = _json(request)
    if not isinstance(body, dict):
        return False
    asked = [name for name, _ in parameters(request) if name not in NO_FILTERS]
    return not any(_combines(name) or _column(name) in body for name in asked)


def _combines(name: str) -> bool:
    """Of a filter: whether its columns are in its value: `or=(a.eq.1,b.is.null)`, `not.and=(…)`."""
    return name.rpartition(".")[2] in ("or", "and")


def _column(name: str) -> str:
    """Of a filter: `a`, also in `a->>b`."""
    return name.partition("->")[0].strip('"')


def _names_its_rows(request: Request) -> bool:
    """An upsert finds the same rows again if each says by which it is found.

    A NULL finds none, since it equals nothing (PostgreSQL, "Unique Constraints"), and what
    `columns` leaves out is not used.
    """
    body, query = _json(request), parameters(request)
    rows = body if isinstance(body, list) else [body]
    keys = deciding(query)
    listed = [value for name, value in query if name == "columns"]
    used = {name.strip().strip('"') for value in listed for name in value.split(",")}
    if not rows or (listed and not keys <= used):
        return False
    return all(
        isinstance(row, dict) and all(row.get(key) is not None for key in keys) for row in rows
    )


def _json(request: Request) -> Json:
    body = request.body.known() if request.body is not None else None
    return parsed(body) if body and len(body) <= _MOST_BODY else None
