"""Makes the first part of a body readable: content coding removed, within bounds, then JSON.

Never raises: what cannot be read is empty, or None.
"""

import zlib

from sidecar.core.json_path import Json, parsed
from sidecar.exchange import RawHeaders

MOST = 256 * 1024
"""Bytes that a body may unfold to; the rest is not looked at."""

WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
"""The content codings that can be removed, and what zlib calls their format."""

_RAW_DEFLATE = -15
"""What some servers mean by `deflate` (RFC 9110 §8.4.1.2, note)."""


def codings_of(headers: RawHeaders) -> list[bytes]:
    """The content codings in the order of their application; none for what is as it is."""
    return [
        coding
        for name, value in headers
        if name.lower() == b"content-encoding"
        for coding in value.lower().replace(b" ", b"").split(b",")
        if coding not in {b"", b"identity"}
    ]


def decoded(headers: RawHeaders, body: bytes) -> bytes:
    """The body without its gzip or deflate coding, at most 256 KiB; b"" if it is unreadable.

    A body that is text already stays as it is: the coding may have been removed before.
    """
    codings = codings_of(headers)
    if not codings or body.lstrip()[:1] in {b"{", b"[", b"<"}:
        return body[:MOST]
    window = WINDOW.get(codings[0])
    if window is None or len(codings) > 1:
        return b""
    plain = _inflate(body, window)
    return _inflate(body, _RAW_DEFLATE) if not plain and window == 15 else plain


def _inflate(body: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(body, MOST)
    except zlib.error:
        return b""


def json_of(headers: RawHeaders, body: bytes) -> Json:
    """The JSON value in a body as it came."""
    return parsed(decoded(headers, body)) if body else None


def header(headers: RawHeaders, name: bytes) -> bytes:
    """The first field of that lower-case name; b"" if there is none."""
    return next((value for field, value in headers if field.lower() == name), b"")
