"""How answers are written: JSON, or aligned text for people. Decides nothing of what they say."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from aiohttp import web

from sidecar.admin.endpoint import Answer

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def strict_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: nothing is kept, sniffed, framed, or run as a script."""
    response.headers["Server"] = "sidecar"
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def wants_text(request: web.Request) -> bool:
    """By `?format=text`, else by `Accept`, else whether it is curl at a terminal."""
    asked = request.query.get("format")
    if asked:
        return asked == "text"
    accept = request.headers.get("Accept", "")
    if "application/json" in accept or "text/plain" in accept:
        return "application/json" not in accept
    return request.headers.get("User-Agent", "").startswith("curl/")


def render(answer: Answer, *, text: bool) -> web.Response:
    """The response."""
    if text:
        return web.Response(status=answer.status, text=as_text(answer.value))
    body = json.dumps(answer.value, indent=2) + "\n"
    return web.Response(status=answer.status, text=body, content_type="application/json")


def as_text(value: object) -> str:
    """Rows become a table, an object its lines; tables within an object follow under their name."""
    if _is_table(value):
        return _table(value) + "\n"
    if not isinstance(value, Mapping):
        return _cell(value) + "\n"
    plain = {key: each for key, each in value.items() if not _is_table(each)}
    width = max(map(len, plain), default=0)
    lines = [f"{key:<{width}}  {_cell(each)}".rstrip() for key, each in plain.items()]
    blocks = ["\n".join(lines)] if lines else []
    blocks += [f"{key}\n{_table(each)}" for key, each in value.items() if _is_table(each)]
    return "\n\n".join(blocks) + "\n"


def _is_table(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return all(isinstance(row, Mapping) for row in value)


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    """Lists within a row are left out: there would be no end to the line."""
    if not rows:
        return "none"
    names = [
        name
        for name in dict.fromkeys(name for row in rows for name in row)
        if not any(isinstance(row.get(name), list | tuple) for row in rows)
    ]
    cells = [[name.upper().replace("_", " ") for name in names]]
    cells += [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(each)}" for name, each in value.items()) or "-"
    if isinstance(value, str):
        return _printable(" ".join(value.split())) or "-"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _printable(text: str) -> str:
    """With escapes for what would steer a terminal: an upstream may have said it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
