"""JSON answers, compressed where the client asks for it and it pays. Knows no service."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sidecar.demo.gzipped import accepts_gzip

COMPRESS_FROM = 1024
"""Bytes from which compression pays."""


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def compressed(
    request: web.Request, body: bytes, headers: Mapping[str, str] | None = None, *, status: int
) -> web.Response:
    """A response with `body`, gzipped if the request accepts that."""
    response = web.Response(body=body, status=status, headers=headers)
    if len(body) < COMPRESS_FROM:
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if accepts_gzip(request):
        response.body = gzip.compress(body, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response


def json_answer(
    request: web.Request, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON response."""
    fields = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return compressed(request, dumps(value), fields, status=status)
