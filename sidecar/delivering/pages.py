"""The sidecar's own pages for the application: `/_sidecar/deliveries` and `/_sidecar/events`.

Handlers of the pipeline, so that they are observed like all else. They show no body and no header
field of a request; of an answer of the upstream they show all.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import parse_qs

from sidecar.clock import Clock
from sidecar.core.accepted import DELIVERIES, delivery_id
from sidecar.core.json_path import Json
from sidecar.core.page_guard import check_reader
from sidecar.core.status_webhook import statuses
from sidecar.delivering import views
from sidecar.delivering.feed import EVENT_STREAM, LATEST, Feed
from sidecar.delivering.settling import Settling
from sidecar.delivering.webhooks import hear
from sidecar.errors import BadRequest, NoRoute, Rejected
from sidecar.exchange import BytesBody, Exchange, RawHeaders, Request, Response
from sidecar.spool import STATES, Spool, SpoolUnavailable, State
from sidecar.spool.identity import is_id

EVENTS = "/_sidecar/events"
_SETTLE = f"{DELIVERIES}/settle"
_MOST_ROWS = 1000
_MOST_BODY = 1024 * 1024


class Parts(NamedTuple):
    """What the pages are made from."""

    spool: Spool
    feed: Feed
    settling: Settling
    clock: Clock
    hosts: frozenset[str] = frozenset()
    """Names by which the sidecar may be addressed, beside those that nobody else can have."""


class Pages:
    """All of them, as one handler."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, exchange: Exchange, /) -> Response:
        """The page.

        Raises:
            NoRoute: there is none at this path.
            BadRequest: it cannot be asked for in this way, or by whoever asks.
            Rejected: `spool_unavailable`.
        """
        exchange.attempt = 0  # nothing is sent
        request = exchange.request
        host = exchange.entered.host if exchange.entered is not None else ""
        check_reader(host, request.headers, self._parts.hosts)
        path, _, query = request.target.partition("?")
        if path != EVENTS and _wants_socket(request.headers):
            text = "the only WebSocket of the sidecar's own is that of the events"
            raise BadRequest(text, code="upgrade_unsupported", status=501)
        wanted = "POST" if path == _SETTLE else "GET"
        if path not in (DELIVERIES, EVENTS) and not path.startswith(f"{DELIVERIES}/"):
            raise NoRoute("this page of the sidecar does not exist", code="reserved_path")
        if request.method != wanted and not (wanted == "GET" and request.method == "HEAD"):
            allowed = wanted.encode()
            return _page({"error": f"only {wanted} is understood here"}, 405, (b"Allow", allowed))
        try:
            return await self._answer(request, path, parse_qs(query))
        except SpoolUnavailable:
            raise Rejected("the spool does not answer", code="spool_unavailable") from None

    async def _answer(
        self, request: Request, path: str, query: Mapping[str, list[str]]
    ) -> Response:
        if path == _SETTLE:
            return await self._settle(request)
        if path == EVENTS and request.method == "HEAD":
            return Response(200, b"OK", list(EVENT_STREAM), BytesBody(b""), source="sidecar")
        if path == EVENTS:
            feed, cursor = self._parts.feed, _cursor(request.headers, query)
            as_socket = _wants_socket(request.headers)
            return await (feed.open_socket(cursor) if as_socket else feed.open(cursor))
        if path == DELIVERIES:
            return await self._list(query)
        name = delivery_id(path.removeprefix(f"{DELIVERIES}/"))
        found = await self._parts.spool.get(name) if is_id(name) else None
        if found is None:
            return _page({"error": "there is no such delivery"}, 404)
        return _page(views.for_application(found))

    async def _list(self, query: Mapping[str, list[str]]) -> Response:
        most = _number(query, "limit", 100)
        states = [state for text in query.get("state", ()) for state in text.split(",")]
        if not set(states) <= set(STATES) or not 0 < most <= _MOST_ROWS:
            message = f"state is any of {', '.join(STATES)}, limit 1 to {_MOST_ROWS}"
            raise BadRequest(message, code="bad_request")
        found = await self._parts.spool.find(
            states=cast("list[State]", states),
            upstream=_one(query, "upstream"),
            route=_one(query, "route"),
            after=_one(query, "after"),
            most=most,
        )
        rows: list[Json] = [{**views.overview(each)} for each in found]
        return _page({"deliveries": rows, "next": found[-1].id if len(found) == most else None})

    async def _settle(self, request: Request) -> Response:
        body = bytearray()
        while request.body is not None and (data := await request.body.read()):
            body += data
            if len(body) > _MOST_BODY:
                raise BadRequest("the webhook is too large", code="body_too_large", status=413)
        try:
            said = statuses(bytes(body))
        except ValueError:
            raise BadRequest("the body is no JSON object", code="bad_request") from None
        parts = self._parts
        heard = await hear(said, parts.spool, parts.settling, parts.clock)
        settled: list[Json] = [*heard.settled]
        noted: list[Json] = [*heard.noted]
        return _page({"settled": settled, "noted": noted, "unmatched": heard.unmatched})


def _wants_socket(headers: RawHeaders) -> bool:
    """Whether the request is the handshake of a WebSocket, which was checked."""
    return any(name.lower() == b"upgrade" for name, _ in headers)


def _cursor(headers: RawHeaders, query: Mapping[str, list[str]]) -> int:
    """Where to begin: after what the client saw last, else with what is to come.

    `Last-Event-ID` is what browsers and SSE libraries send when they connect again.
    """
    seen = next((value for name, value in headers if name.lower() == b"last-event-id"), None)
    if seen is not None and seen.isdigit() and len(seen) < 20:
        return min(int(seen), LATEST)
    return min(_number(query, "after", LATEST), LATEST)


def _one(query: Mapping[str, list[str]], name: str) -> str | None:
    return query[name][0] if name in query else None


def _number(query: Mapping[str, list[str]], name: str, default: int) -> int:
    text = _one(query, name)
    if text is None:
        return default
    if not text.isdecimal() or not text.isascii() or len(text) > 19:
        raise BadRequest(f"{name} is a number", code="bad_request")
    return int(text)


def _page(value: Mapping[str, Json], status: int = 200, *more: tuple[bytes, bytes]) -> Response:
    data = json.dumps(value, ensure_ascii=True, indent=1).encode() + b"\n"
    headers: RawHeaders = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(data)),
        (b"Cache-Control", b"no-store"),
        (b"X-Content-Type-Options", b"nosniff"),
        *more,
    ]
    reasons = {200: b"OK", 404: b"Not Found", 405: b"Method Not Allowed"}
    return Response(status, reasons[status], headers, BytesBody(data), source="sidecar")
