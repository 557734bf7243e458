"""A result as an HTTP response: JSON array, single object, CSV or a bare value."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sidecar.demo.supabase.encoding import compressed, dumps
from sidecar.demo.supabase.postgrest.errors import not_single
from sidecar.demo.supabase.postgrest.preferences import CSV, OBJECT, content_range


@dataclass(slots=True)
class Answer:
    """What a request came to."""

    value: Any
    """The rows, or a function's value; None with 201 and 204 is no body at all."""
    status: int
    offset: int
    total: int | None
    """Of all matching rows, where the client asked for it."""
    applied: str
    scalar: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def render(
    request: web.Request, answer: Answer, produce: str, *, strip_nulls: bool
) -> web.Response:
    """The response in the media type `produce`.

    Raises:
        PostgrestError: PGRST116, one object was asked for and there are more or none.
    """
    headers = dict(answer.headers)
    if answer.applied:
        headers["Preference-Applied"] = answer.applied
    if not answer.scalar:
        shown = len(answer.value or ())
        headers["Content-Range"] = content_range(answer.offset, shown, answer.total)
    if answer.value is None and not answer.scalar:
        return web.Response(status=answer.status, headers=headers)
    value = _without_nulls(answer.value) if strip_nulls else answer.value
    if produce == OBJECT and not answer.scalar:
        if len(value) != 1:
            raise not_single(len(value))
        value = value[0]
    headers["Content-Type"] = f"{produce}; charset=utf-8"
    body = _csv(value) if produce == CSV and not answer.scalar else dumps(value)
    return compressed(request, body, headers, status=answer.status)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
    for row in rows:
        writer.writerow(_cell(value) for value in row.values())
    return out.getvalue().removesuffix("\n").encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "{" + ",".join(map(str, value)) + "}"
    return value if isinstance(value, str) else dumps(value).decode()
