"""How the simulated Graph API reads requests and writes answers: JSON style, headers, paging."""

import gzip
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import quote

from aiohttp import web

from sidecar.demo.authority import origin
from sidecar.demo.gzipped import accepts_gzip
from sidecar.demo.whatsapp.errors import GraphError, parameter
from sidecar.demo.whatsapp.state import STATE, WABA_ID, Json

JSON = "application/json; charset=UTF-8"
PAGE_SIZE = 25


def dump(value: object) -> bytes:
    r"""JSON as PHP prints it: ASCII only, no spaces, and every slash as `\/`."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()


def answer(request: web.Request, value: object, *, status: int = 200) -> web.Response:
    """A JSON answer, with its length; gzip for a client that reads it."""
    body = dump(value)
    headers = {"Content-Type": JSON, "ETag": f'"{hashlib.sha1(body).hexdigest()}"'}  # noqa: S324
    if accepts_gzip(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    return web.Response(status=status, body=body, headers=headers)


def success(request: web.Request) -> web.Response:
    """What most writes answer."""
    return answer(request, {"success": True})


def failure(request: web.Request, error: GraphError) -> web.Response:
    """The error in Graph's shape, under a trace id of its own."""
    trace = "A" + request.app[STATE].token("trace")
    body = {"error": {**error.error, "fbtrace_id": trace}}
    response = answer(request, body, status=error.status)
    response.headers["WWW-Authenticate"] = (
        f'OAuth "Facebook Platform" "invalid_request" "{error.error["message"]}"'
    )
    return response


async def graph_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: versions, traces and how much of the quota is used."""
    state, headers = request.app[STATE], response.headers
    state.calls += 1
    percent = min(100, state.calls // 100)
    used = {"call_count": percent, "total_cputime": 0, "total_time": percent}
    business = {"type": "whatsapp", **used, "estimated_time_to_regain_access": 0}
    headers["X-App-Usage"] = json.dumps(used, separators=(",", ":"))
    headers["X-Business-Use-Case-Usage"] = json.dumps({WABA_ID: [business]})
    headers["facebook-api-version"] = request.match_info.get("version", "v23.0")
    headers["x-fb-request-id"] = "A" + state.token("request")
    headers["x-fb-trace-id"] = state.token("fb-trace", 11)
    headers["x-fb-rev"] = "1029384756"
    headers["Vary"] = "Origin, Accept-Encoding"
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Cache-Control"] = "private, no-cache, no-store, must-revalidate"
    headers["Pragma"] = "no-cache"
    headers["Expires"] = "Sat, 01 Jan 2000 00:00:00 GMT"
    headers["Strict-Transport-Security"] = "max-age=15552000; preload"
    headers["Server"] = "proxygen-bolt"
    headers["Alt-Svc"] = 'h3=":443"; ma=86400'


async def fields_of(request: web.Request) -> Json:
    """The parameters of a write: the query, then a JSON object or a form.

    Raises:
        GraphError: 100 when the body is not a JSON object.
    """
    given: Json = dict(request.query)
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return given | dict(await request.post())
    raw = await request.read()
    if not raw:
        return given
    try:
        value = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise parameter("Invalid parameter", "The body is not a JSON object.")
    return given | value


def select(request: web.Request, node: Json, *default: str) -> Json:
    """The fields of a node that `fields` asks for (its `id` always), else the default ones."""
    asked = request.query.get("fields")
    names = [name.split("{")[0].split("(")[0] for name in asked.split(",")] if asked else default
    if not names:
        return node
    wanted = {name: node[name] for name in names if name in node}
    return wanted | ({"id": node["id"]} if "id" in node else {})


def _cursor(position: int) -> str:
    return urlsafe_b64encode(f"QVFIUm{position:08d}ZAZD".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(urlsafe_b64decode(cursor).decode()[6:14])
    except ValueError:
        raise parameter("Invalid parameter", f"{cursor!r} is not a cursor.") from None


def page(request: web.Request, items: list[Json]) -> Json:
    """One page of `items` by `limit`, `after` and `before`, with absolute links to its neighbours.

    As at Graph, the links hold the caller's access token.
    """
    limit_text = request.query.get("limit", str(PAGE_SIZE))
    if not limit_text.isdecimal() or not int(limit_text):
        raise parameter("Invalid parameter", "limit must be a positive number.")
    limit, start = int(limit_text), 0
    if "after" in request.query:
        start = _position(request.query["after"])
    elif "before" in request.query:
        start = max(0, _position(request.query["before"]) - limit)
    stop = min(start + limit, len(items))
    if start >= stop:
        return {"data": []}
    paging: Json = {"cursors": {"before": _cursor(start), "after": _cursor(stop)}}
    if stop < len(items):
        paging["next"] = _link(request, limit, "after", _cursor(stop))
    if start:
        paging["previous"] = _link(request, limit, "before", _cursor(start))
    return {"data": items[start:stop], "paging": paging}


def _link(request: web.Request, limit: int, direction: str, cursor: str) -> str:
    bearer = request.headers.get("Authorization", "").partition(" ")[2]
    token = request.query.get("access_token") or bearer
    own = ("access_token", "limit", "after", "before", "pretty")
    kept = "".join(f"&{k}={quote(v, safe='')}" for k, v in request.query.items() if k not in own)
    return (
        f"{origin(request)}{request.path}?access_token={quote(token, safe='')}{kept}"
        f"&pretty=0&limit={limit}&{direction}={quote(cursor, safe='')}"
    )
