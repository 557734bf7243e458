"""The dashboard: static files of the package at `/` and `/static/…`, read once, kept in memory.

They hold no figure and no secret, so a browser may load them without the token; what the page then
asks of `/admin/…` needs it as any caller's does. Knows nothing of what the page shows.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

PAGE = "/"
_FOLDER = "static"
_INDEX = "index.html"
_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
}
"""By the end of the name; files of other kinds are for those who read the package."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline, nothing evaluated (Content Security Policy Level 3)."""

_KEPT = "no-cache"
"""Asked for again each time, and answered 304: a new version is seen at once."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    content_type: str
    tag: str
    """Of its content, for `If-None-Match`; without quotes."""

    def __repr__(self) -> str:
        return f"<Asset {self.content_type}, {len(self.body)} bytes>"


@cache
def assets() -> Mapping[str, Asset]:
    """All files that are served, by path: `/`, `/static/js/app.js` and so on."""
    found = dict(_walked(files("sidecar.admin") / _FOLDER, f"/{_FOLDER}"))
    found[PAGE] = found.pop(f"/{_FOLDER}/{_INDEX}")
    return found


def add_dashboard(app: web.Application) -> None:
    """Serve the dashboard, by GET and HEAD."""
    for path, asset in assets().items():
        handler = _sending(asset)
        app.router.add_route("GET", path, handler)
        app.router.add_route("HEAD", path, handler)


def _walked(folder: Traversable, path: str) -> list[tuple[str, Asset]]:
    found: list[tuple[str, Asset]] = []
    for each in folder.iterdir():
        inner = f"{path}/{each.name}"
        kind = _TYPES.get(f".{each.name.rpartition('.')[2]}")
        if each.is_dir():
            found += _walked(each, inner)
        elif kind is not None:
            body = each.read_bytes()
            found.append((inner, Asset(body, kind, hashlib.sha256(body).hexdigest()[:32])))
    return found


def _sending(asset: Asset) -> _Handler:
    headers = {
        "Cache-Control": _KEPT,
        "Content-Security-Policy": _POLICY,
        "ETag": f'"{asset.tag}"',
    }

    async def send(request: web.Request) -> web.StreamResponse:
        known = {each.value for each in request.if_none_match or ()}
        if asset.tag in known:
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers
        )

    return send
