"""Decides which inserts are given a primary key, so that they can be made again.

An insert whose answer was lost may have been done. With a key of its own the second is refused as a
duplicate, and that means that the first was done. Pure. Sources: docs.postgrest.org, "Tables and
Views" (insert), "Errors"; PostgreSQL, appendix A (23505 `unique_violation`).
"""

import json
import re
from uuid import UUID, uuid5

from sidecar.core.cache.directives import values_of
from sidecar.core.cache.tables import parameters, target_of
from sidecar.core.json_path import Json, field, parsed
from sidecar.exchange import BytesBody, RawHeaders, Request

_MOST_BODY = 1024 * 1024
_OBJECT = re.compile(rb"[ \t\r\n]*\{(?=[ \t\r\n]*(\"|\}))")
_TOLD = (b"return=", b"resolution=", b"count=", b"tx=")
"""Preferences whose answer a duplicate cannot stand for; all but `return=minimal`."""

_DELIVERIES = UUID("5f0c7d52-5b0e-4c5b-9f62-0c1d8f0b6a4e")
"""Under which ids of deliveries are names (RFC 9562 §5.5). Fixed, because rows have such keys."""


def key_of(delivery: str) -> str:
    """The key that all attempts at a delivery have, also after a restart."""
    return str(uuid5(_DELIVERIES, delivery))


def named(request: Request, column: str, key: str) -> Request | None:
    """The insert of one row with `key` in its `column`; None where it must stay as it is.

    It stays where it names the column, or the columns that count, where it asks for more than that
    it be done, and where it is no insert of one row.
    """
    target = target_of(request)
    if request.method != "POST" or target is None or target.is_function or request.body is None:
        return None
    if any(name in ("columns", "on_conflict", "select") for name, _ in parameters(request)):
        return None
    said = b",".join(values_of(request.headers, b"prefer")).lower().replace(b" ", b"")
    if any(word in said.replace(b"return=minimal", b"") for word in _TOLD):
        return None
    if any(name.lower() == b"content-encoding" for name, _ in request.headers):
        return None
    body = request.body.known()
    opening = _OBJECT.match(body) if body and len(body) <= _MOST_BODY else None
    row = parsed(body) if body and opening else None
    if not body or opening is None or not isinstance(row, dict) or column in row:
        return None
    member = json.dumps({column: key})[1:-1].encode() + (b"," if row else b"")
    changed = body[: opening.end()] + member + body[opening.end() :]
    return request._replace(
        headers=_with_length(request.headers, len(changed)), body=BytesBody(changed)
    )


def _with_length(headers: RawHeaders, length: int) -> RawHeaders:
    text = b"%d" % length
    return [(name, text if name.lower() == b"content-length" else value) for name, value in headers]


def was_done_before(status: int, answer: Json, column: str, key: str) -> bool:
    """Whether an answer says that the row with this key is there: an earlier attempt was done."""
    if status != 409 or field(answer, "code") != "23505":
        return False
    return field(answer, "details") == f"Key ({column})=({key}) already exists."
