"""`/functions/v1/<name>`: edge functions that show what a proxy does to a message.

They take no key, as functions deployed without JWT verification. Bodies are streamed both ways.
"""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sidecar.demo.gzipped import accepts_gzip
from sidecar.demo.supabase.encoding import dumps, json_answer
from sidecar.demo.supabase.target import Target

CHUNK = 65_536
PATTERN = bytes(range(251))
"""251 is prime: a lost or repeated chunk of any usual size changes the content."""

Function = Callable[[web.Request, Target], Awaitable[web.StreamResponse]]


async def handle(request: web.Request, target: Target) -> web.StreamResponse:
    """Run the function that the path names."""
    name = target.segments[2] if len(target.segments) > 2 else ""
    function = FUNCTIONS.get(name)
    if function is None:
        body = {"code": "NOT_FOUND", "message": "Requested function was not found"}
        return json_answer(request, body, status=404)
    return await function(request, target)


async def _echo(request: web.Request, target: Target) -> web.StreamResponse:
    """What arrived, as JSON. `status=` and `header=Name:value` shape the answer."""
    seen = await _read(request)
    body = {
        "method": request.method,
        "target": request.raw_path,
        "headers": [[_text(name), _text(value)] for name, value in request.raw_headers],
        "body": seen,
    }
    status = _number(target, "status", 200)
    response = json_answer(request, body, status=status)
    if status in (204, 304):
        response = web.Response(status=status)
    for key, value in target.pairs:
        if key == "header":
            name, _, content = value.partition(":")
            response.headers.add(name, content)
    return response


async def _upload(request: web.Request, target: Target) -> web.StreamResponse:
    """Length and digest of the body."""
    return json_answer(request, await _read(request))


async def _bytes(request: web.Request, target: Target) -> web.StreamResponse:
    """`n=` bytes of a pattern, `framing=length` (default) or `chunked`."""
    size = _number(target, "n", CHUNK)
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    if target.last("framing", "length") == "length":
        response.content_length = size
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in _pattern(size):
            await response.write(chunk)
    await response.write_eof()
    return response


async def _sse(request: web.Request, target: Target) -> web.StreamResponse:
    """`n=` events, `delay_ms=` apart."""
    return await _events(request, target, zipped=False)


async def _gzip_sse(request: web.Request, target: Target) -> web.StreamResponse:
    """The same, compressed and flushed event by event, if the client accepts gzip."""
    zipped = accepts_gzip(request)
    return await _events(request, target, zipped=zipped)


async def _error(request: web.Request, target: Target) -> web.StreamResponse:
    """`status=` (default 500); `relay=1` marks it as an error of the relay."""
    status = _number(target, "status", 500)
    headers = {"x-relay-error": "true"} if target.last("relay") else {}
    body = {"code": "WORKER_ERROR", "error": f"The function failed with {status}"}
    return json_answer(request, body, status=status, headers=headers)


async def _slow(request: web.Request, target: Target) -> web.StreamResponse:
    """Answers after `ms=` (default 1000)."""
    waited = _number(target, "ms", 1000)
    await asyncio.sleep(waited / 1000)
    return json_answer(request, {"waited_ms": waited})


FUNCTIONS: Mapping[str, Function] = {
    "echo": _echo,
    "upload": _upload,
    "bytes": _bytes,
    "sse": _sse,
    "gzip-sse": _gzip_sse,
    "error": _error,
    "slow": _slow,
}


async def _events(request: web.Request, target: Target, *, zipped: bool) -> web.StreamResponse:
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
    if zipped:
        headers["Content-Encoding"] = "gzip"
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    squeeze = zlib.compressobj(wbits=31)
    count, delay = _number(target, "n", 5), _number(target, "delay_ms", 20) / 1000
    for number in range(count):
        event = b"id: %d\ndata: %s\n\n" % (number, dumps({"n": number, "of": count}))
        if zipped:
            event = squeeze.compress(event) + squeeze.flush(zlib.Z_SYNC_FLUSH)
        await response.write(event)
        await asyncio.sleep(delay)
    if zipped:
        await response.write(squeeze.flush())
    await response.write_eof()
    return response


async def _read(request: web.Request) -> dict[str, Any]:
    digest, length = hashlib.sha256(), 0
    async for chunk in request.content.iter_any():
        digest.update(chunk)
        length += len(chunk)
    return {"length": length, "framing": _framing(request), "sha256": digest.hexdigest()}


def _framing(request: web.Request) -> str:
    if request.headers.get("Transfer-Encoding"):
        return "chunked"
    return "none" if request.content_length is None else "length"


async def _pattern(size: int) -> AsyncIterator[bytes]:
    block = PATTERN * (CHUNK // len(PATTERN))
    for _ in range(size // len(block)):
        yield block
    if rest := size % len(block):
        yield block[:rest]


def _number(target: Target, name: str, default: int) -> int:
    text = target.last(name)
    return int(text) if text.isdigit() else default


def _text(value: bytes) -> str:
    """Every byte as one character."""
    return value.decode("latin-1")
