"""The authority (host:port) by which a simulated provider is reached, and what arrived there.

Shared by every simulator. Whoever starts one sets the authority after binding; a request for
another is refused, as a real provider would never see it.
"""

from collections import deque
from dataclasses import dataclass

from aiohttp import StreamReader, web
from aiohttp.typedefs import Handler

SEEN_LIMIT = 10_000


@dataclass(slots=True)
class Authority:
    """A holder, because the port is known only after the app was made. "" accepts any host."""

    value: str = ""


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it arrived, for tests that look at the wire."""

    method: str
    raw_target: str
    headers: tuple[tuple[str, str], ...]
    content: StreamReader

    @property
    def body_length(self) -> int:
        """Bytes of the body that have arrived by now."""
        return self.content.total_bytes


AUTHORITY = web.AppKey("authority", Authority)
SEEN = web.AppKey("seen", deque[SeenRequest])


def prepare(app: web.Application) -> None:
    """Give `app` its authority and its record of requests, both empty."""
    app[AUTHORITY] = Authority()
    app[SEEN] = deque(maxlen=SEEN_LIMIT)


def origin(request: web.Request) -> str:
    """`http://host:port` of this simulator, for the absolute URLs that it hands out."""
    return f"http://{request.app[AUTHORITY].value or request.host}"


@web.middleware
async def refuse_wrong_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 421 (RFC 9110 §15.5.20) unless `Host` names this simulator."""
    expected = request.app[AUTHORITY].value
    if expected and request.host != expected:
        message = f"misdirected request: Host is {request.host}, this is {expected}"
        error = {"code": 421, "message": message, "status": "MISDIRECTED"}
        return web.json_response({"message": message, "error": error}, status=421)
    return await handler(request)


@web.middleware
async def record_seen(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep a record of the request, from its arrival."""
    headers = tuple(request.headers.items())
    seen = SeenRequest(request.method, request.raw_path, headers, request.content)
    request.app[SEEN].append(seen)
    return await handler(request)
