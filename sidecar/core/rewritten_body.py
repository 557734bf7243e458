"""Decides which bodies may be changed, and what their headers say afterwards.

Pure: knows header fields, no bodies.
"""

from sidecar.core.cache.directives import value_of
from sidecar.exchange import RawHeaders

_READABLE = frozenset((b"gzip", b"x-gzip", b"deflate", b"identity"))
"""The content codings that can be removed."""

_NOT_WHOLE = frozenset((204, 205, 206))

OF_THE_OLD_BYTES = frozenset(
    {
        *(b"content-length", b"content-encoding", b"accept-ranges"),
        *(b"content-md5", b"content-digest", b"repr-digest", b"digest"),
    }
)
"""Fields that say something about the bytes as they came (RFC 9110 §8, RFC 9530)."""


def is_whole_json(status: int, headers: RawHeaders) -> bool:
    """Whether an answer is a success with all of one JSON value in UTF-8 (RFC 8259 §8.1)."""
    if not 200 <= status < 300 or status in _NOT_WHOLE:
        return False
    value = value_of(headers, b"content-type") or b""
    kind, *parameters = (part.strip() for part in value.lower().split(b";"))
    charsets = [each[8:].strip(b'"') for each in parameters if each.startswith(b"charset=")]
    return kind == b"application/json" and all(each == b"utf-8" for each in charsets)


def headers_for(headers: RawHeaders, length: int) -> RawHeaders:
    """The headers of a body whose bytes were changed, without a content coding.

    Digests go. An ETag becomes weak (RFC 9110 §8.8.1): the upstream still knows it again in
    `If-None-Match`, and nobody joins ranges by it.
    """
    kept = [field for field in headers if field[0].lower() not in OF_THE_OLD_BYTES]
    return [*with_weak_etag(kept), (b"Content-Length", b"%d" % length)]


def with_weak_etag(headers: RawHeaders) -> RawHeaders:
    """The headers with a strong ETag made weak."""
    return [
        (name, b"W/" + value) if name.lower() == b"etag" and value[:1] == b'"' else (name, value)
        for name, value in headers
    ]


def readable_codings(headers: RawHeaders) -> RawHeaders:
    """The request's headers, asking for no content coding that could not be removed here.

    The same object where it asks for none; otherwise gzip stays if it was there, and `identity` is
    asked for where nothing else would stay (RFC 9110 §12.5.3).
    """
    if all(_accepted(value) == value for name, value in headers if _is_accept(name)):
        return headers
    return [
        (name, _accepted(value) or b"identity") if _is_accept(name) else (name, value)
        for name, value in headers
    ]


def _is_accept(name: bytes) -> bool:
    return len(name) == 15 and name.lower() == b"accept-encoding"


def _accepted(value: bytes) -> bytes:
    """Of an Accept-Encoding value, what may stay; as it is where all of it may."""
    items = value.split(b",")
    kept = [item for item in items if item.split(b";")[0].strip().lower() in (_READABLE | {b""})]
    return value if len(kept) == len(items) else b",".join(kept).strip()
