"""`/rest/v1/…` over HTTP: the gateway's key check, then PostgREST's verbs on tables and functions.

Decides nothing about rows: those are in `query.py` and `rows.py`.
"""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sidecar.demo.supabase.caller import caller_of, role_of_key
from sidecar.demo.supabase.encoding import json_answer
from sidecar.demo.supabase.jwt import BadTokenError
from sidecar.demo.supabase.postgrest.answers import Answer, render
from sidecar.demo.supabase.postgrest.errors import PostgrestError, not_single
from sidecar.demo.supabase.postgrest.functions import FUNCTIONS, call
from sidecar.demo.supabase.postgrest.preferences import (
    OBJECT,
    Preferences,
    item_range,
    media_type,
    preferences,
)
from sidecar.demo.supabase.postgrest.query import Query, parse
from sidecar.demo.supabase.postgrest.rows import Access
from sidecar.demo.supabase.postgrest.scanner import split, unquote
from sidecar.demo.supabase.postgrest.schema import Schema
from sidecar.demo.supabase.project import PROJECT
from sidecar.demo.supabase.target import Pairs, Target
from sidecar.faults import supabase as words

READING = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, taken apart."""

    request: web.Request
    method: str
    access: Access
    schema: Schema
    pairs: Pairs
    prefer: Preferences
    produce: str
    strip_nulls: bool


async def handle(request: web.Request, target: Target) -> web.StreamResponse:
    """Answer a request below `/rest/v1`; errors in PostgREST's shape."""
    project = request.app[PROJECT]
    key = request.headers.get("apikey") or target.last("apikey")
    if role_of_key(key, project.now()) is None:
        return _no_key(request, key)
    try:
        asked = _asked(request, target, key)
        answer = await _dispatch(asked, target.segments[2:])
        answer.headers["Content-Profile"] = asked.access.schema
        return render(request, answer, asked.produce, strip_nulls=asked.strip_nulls)
    except PostgrestError as error:
        return _failed(request, error)
    except BadTokenError as error:
        code = "PGRST303" if "expired" in str(error) else "PGRST301"
        return _failed(request, PostgrestError(code, str(error)))


def _asked(request: web.Request, target: Target, key: str) -> Asked:
    project, headers = request.app[PROJECT], request.headers
    name = "Accept-Profile" if request.method in READING else "Content-Profile"
    schema = headers.get(name, "public")
    if schema not in project.database.schemas:
        exposed = ", ".join(project.database.schemas)
        hint = f"Only the following schemas are exposed: {exposed}"
        raise PostgrestError("PGRST106", f"Invalid schema: {schema}", hint=hint)
    caller = caller_of(headers.get("Authorization"), key, project.now())
    produce, strip_nulls = media_type(headers.get("Accept", ""))
    return Asked(
        request,
        request.method,
        Access(project.database, schema, caller),
        project.database.schemas[schema],
        target.pairs,
        preferences(headers.getall("Prefer", [])),
        produce,
        strip_nulls,
    )


async def _dispatch(asked: Asked, path: tuple[str, ...]) -> Answer:
    if len(path) == 2 and path[0] == "rpc":
        return await _call(asked, path[1])
    if len(path) == 1 and path[0]:
        return await _table(asked, path[0])
    raise PostgrestError("PGRST125", "Invalid path specified in request URL")


async def _table(asked: Asked, name: str) -> Answer:
    if name not in asked.schema:
        message = f"Could not find the table '{asked.access.schema}.{name}' in the schema cache"
        raise PostgrestError("PGRST205", message)
    query = parse(asked.schema, asked.schema[name], asked.pairs)
    if asked.method in READING:
        return _read(asked, query)
    if asked.method not in ("POST", "PATCH", "DELETE"):
        raise PostgrestError("PGRST117", f"Unsupported HTTP method: {asked.method}")
    body = await _json(asked.request) if asked.method != "DELETE" else None
    with query.table.transaction():
        return _write(asked, query, body)


def _read(asked: Asked, query: Query) -> Answer:
    if bounds := item_range(asked.request.headers.get("Range", "")):
        query.offset, query.limit = query.offset + bounds[0], bounds[1] or query.limit
    rows, total = query.run(asked.access.visible(query.table), asked.access.visible)
    return _page(asked, query, rows, total)


def _page(asked: Asked, query: Query, rows: list[Any], total: int) -> Answer:
    counted = total if asked.prefer["count"] else None
    if counted is not None and query.offset > counted:
        details = f"An offset of {query.offset} was requested, but there are only {counted} rows."
        raise PostgrestError("PGRST103", "Requested range not satisfiable", details=details)
    partial = counted is not None and len(rows) < counted
    return Answer(rows, 206 if partial else 200, query.offset, counted, asked.prefer.applied)


def _write(asked: Asked, query: Query, body: Any) -> Answer:
    access, prefer = asked.access, asked.prefer
    if asked.method == "POST":
        rows = _insert(asked, query, body if isinstance(body, list) else [body])
    elif asked.method == "PATCH":
        rows = access.update(query, body if isinstance(body, dict) else {})
    else:
        rows = access.delete(query)
    created = asked.method == "POST"
    total = len(rows) if prefer["count"] else None
    if prefer["return"] == "representation":
        if asked.produce == OBJECT and len(rows) != 1:
            raise not_single(len(rows))
        shown = [query.project(row, access.visible) for row in rows]
        return Answer(shown, 201 if created else 200, 0, total, prefer.applied)
    answer = Answer(None, 201 if created else 204, 0, total, prefer.applied)
    if created and prefer["return"] == "headers-only" and len(rows) == 1:
        answer.headers["Location"] = f"/{query.table.name}?id=eq.{rows[0]['id']}"
    return answer


def _insert(asked: Asked, query: Query, given: list[Any]) -> list[Any]:
    named = {key: value for key, value in asked.pairs if key in ("columns", "on_conflict")}
    columns = [unquote(item) for item in split(named.get("columns", ""))]
    if resolution := asked.prefer["resolution"]:
        on = [unquote(item) for item in split(named.get("on_conflict", ""))]
        merge = resolution == "merge-duplicates"
        return asked.access.upsert(query.table, given, on, merge=merge)
    return asked.access.insert(query.table, given, columns)


async def _call(asked: Asked, name: str) -> Answer:
    reading = asked.method in READING
    if not reading and asked.method != "POST":
        raise PostgrestError("PGRST101", "Only GET, HEAD and POST are allowed for functions")
    function = FUNCTIONS.get(name)
    names = function.arguments if function else {key: "" for key, _ in asked.pairs}
    arguments = {key: value for key, value in asked.pairs if key in names}
    if not reading:
        arguments = await _json(asked.request) or {}
    result = call(asked.access, name, arguments, reading=reading)
    if function is None or not function.returns:
        return Answer(result, 200, 0, None, asked.prefer.applied, scalar=True)
    pairs = [pair for pair in asked.pairs if pair[0] not in names]
    query = parse(asked.schema, asked.schema[function.returns], pairs)
    rows, total = query.run(result, asked.access.visible)
    return _page(asked, query, rows, total)


async def _json(request: web.Request) -> Any:
    body = await request.read()
    try:
        return json.loads(body) if body else {}
    except ValueError:
        raise PostgrestError("PGRST102", "Empty or invalid json") from None


def _failed(request: web.Request, error: PostgrestError) -> web.Response:
    headers = words.postgrest_headers(error.status, error.code, error.message)
    return json_answer(request, error.body, status=error.status, headers=headers)


def _no_key(request: web.Request, key: str) -> web.Response:
    if key:
        hint = "Double check your Supabase `anon` or `service_role` API key."
        return json_answer(request, {"message": "Invalid API key", "hint": hint}, status=401)
    hint = "No `apikey` request header or url param was found."
    return json_answer(
        request, {"message": "No API key found in request", "hint": hint}, status=401
    )
