"""Serving one object: conditional requests, byte ranges, attachment names (RFC 9110 §13, §14)."""

import re
from email.utils import formatdate
from urllib.parse import quote

from aiohttp import web

from sidecar.demo.supabase.storage.objects import Object, StorageError
from sidecar.demo.supabase.target import Target


def served(request: web.Request, one: Object, target: Target) -> web.Response:
    """The response to a GET or HEAD of `one`."""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": one.cache_control,
        "Content-Type": one.mime,
        "ETag": one.etag,
        "Last-Modified": formatdate(one.changed, usegmt=True),
    }
    if any(key == "download" for key, _ in target.pairs):
        name = target.last("download") or one.name.rpartition("/")[2]
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    if _matches(request.headers.get("If-None-Match", ""), one.etag):
        del headers["Content-Type"]
        return web.Response(status=304, headers=headers)
    bounds = _byte_range(request.headers.get("Range", ""), len(one.data))
    if bounds is None:
        return web.Response(body=one.data, headers=headers)
    first, last = bounds
    headers["Content-Range"] = f"bytes {first}-{last}/{len(one.data)}"
    return web.Response(status=206, body=one.data[first : last + 1], headers=headers)


def _matches(field: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in field.split(",")]
    return etag in tags or "*" in tags


def _byte_range(field: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None where the whole is to be sent.

    Raises:
        StorageError: 416, the range begins behind the end.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", field.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size - 1
    first = int(match[1])
    if first >= size:
        raise StorageError(416, "InvalidRange", "The requested range is not satisfiable", http=416)
    return first, min(int(match[2] or size - 1), size - 1)
