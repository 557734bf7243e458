"""How the simulated Gemini API writes answers: Google's headers, JSON style, gzip and SSE."""

import asyncio
import json
import zlib
from collections.abc import Mapping

from aiohttp import web

from sidecar.demo.gemini.errors import invalid_argument
from sidecar.demo.gemini.state import STATE, Json
from sidecar.demo.gzipped import accepts_gzip

JSON = "application/json; charset=UTF-8"
SSE = "text/event-stream"
_BEFORE_CUTS = 20
"""Times the delay between two chunks; a busy machine needs more than one."""
_GZIP = 16 + zlib.MAX_WBITS


async def google_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: what Google's front end adds. `Vary` comes three times."""
    headers = response.headers
    for name in ("Origin", "X-Origin", "Referer"):
        headers.add("Vary", name)
    headers.setdefault("Server", "")
    if not headers["Server"].startswith("Upload"):
        headers["Server"] = "scaffolding on HTTPServer2"
        headers["Server-Timing"] = f"gfet4t7; dur={40 + len(request.raw_path) % 60}"
    headers["X-XSS-Protection"] = "0"
    headers["X-Frame-Options"] = "SAMEORIGIN"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Alt-Svc"] = 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'


def pretty(value: object) -> bytes:
    """JSON as Google prints it: indented, and not escaped beyond need."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def event(value: object) -> bytes:
    """One server-sent event on one line. U+2028 and U+2029 stay raw, as at Google."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\r\n\r\n"


async def answer(request: web.Request, value: object, *, status: int = 200) -> web.StreamResponse:
    """A JSON answer: gzip and chunked for a client that reads gzip, else with its length."""
    body = pretty(value)
    if not accepts_gzip(request):
        return web.Response(status=status, body=body, headers={"Content-Type": JSON})
    response = Stream(request, JSON, status=status)
    await response.start()
    await response.send(body)
    return await response.end()


class Stream:
    """A chunked answer, each piece flushed when it is sent; gzip for a client that reads it."""

    def __init__(
        self,
        request: web.Request,
        content_type: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        own = {"Content-Type": content_type, **(headers or {})}
        self._gzip = zlib.compressobj(wbits=_GZIP) if accepts_gzip(request) else None
        if self._gzip is not None:
            own["Content-Encoding"] = "gzip"
        self._request = request
        self._response = web.StreamResponse(status=status, headers=own)
        self._response.enable_chunked_encoding()

    async def start(self) -> None:
        """Send the head."""
        await self._response.prepare(self._request)

    async def send(self, data: bytes) -> None:
        """Send one piece so that the client can read all of it now."""
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        await self._response.write(data)

    async def end(self) -> web.StreamResponse:
        """Send what ends the body."""
        if self._gzip is not None:
            await self._response.write(self._gzip.flush())
        await self._response.write_eof()
        return self._response

    async def cut(self) -> web.StreamResponse:
        """Break the connection, as an upstream does that dies in the middle of an answer.

        A client that learns of the break first may drop what it has not read yet, so it is given
        the time to.
        """
        await asyncio.sleep(_BEFORE_CUTS * self._request.app[STATE].chunk_delay)
        if self._request.transport is not None:
            self._request.transport.close()
        return self._response


async def json_body(request: web.Request) -> Json:
    """The request's JSON object; nothing counts as `{}`.

    Raises:
        GoogleError: 400 when it is not a JSON object.
    """
    raw = await request.read()
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise invalid_argument(f"Invalid JSON payload received. {error}") from None
    if not isinstance(value, dict):
        raise invalid_argument("Invalid JSON payload received. Expected an object.")
    return value


def camel(value: Json) -> Json:
    """The object with `snake_case` names as `camelCase`, two levels deep: Google takes both."""
    return {_name(k): _inner(v) for k, v in value.items()}


def _inner(value: object) -> object:
    return {_name(k): v for k, v in value.items()} if isinstance(value, dict) else value


def _name(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
