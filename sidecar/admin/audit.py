"""One log line for each write, done or refused: who, what, why, and what it came to.

It is written whatever the log level: a level that somebody sets hides nothing that they do.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sidecar.telemetry import logs
from sidecar.telemetry.redact import printable

AUDIT: web.RequestKey[dict[str, str | int | float | bool]] = web.RequestKey("audit", dict)
"""The parameters that were given; they are written with the line."""

_READING = frozenset({"GET", "HEAD"})
_MOST = 200
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def audited(request: web.Request, handler: _Next) -> web.StreamResponse:
    """The outermost middleware. Answers come back to it; errors have become answers."""
    request[AUDIT] = {}
    response = await handler(request)
    if request.method not in _READING:
        given = {f"given_{name}": _written(value) for name, value in request[AUDIT].items()}
        logs.audit(
            "admin",
            "info" if response.status < 400 else "warning",
            client=request.remote or "unix",
            method=printable(request.method, 16),
            path=printable(request.path, _MOST),
            status=response.status,
            **given,
        )
    return response


def _written(value: str | float | bool) -> str | int | float | bool:
    return printable(value, _MOST) if isinstance(value, str) else value
