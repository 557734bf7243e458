"""Decides how a stored response answers a request: whole, in part, or "not modified".

Sources: RFC 9110 §13 (conditional requests), §14 (ranges), RFC 9111 §4.3.2 (a cache answers both).
"""

import re

from sidecar.core.cache.dates import date_of, http_date, strong_date
from sidecar.core.cache.directives import value_of, values_of
from sidecar.core.cache.merging import weak_equal
from sidecar.core.cache.model import Entry, Head
from sidecar.exchange import RawHeaders, Request

_RANGE = re.compile(rb"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)
_SELECTIVE = frozenset((b"if-none-match", b"if-modified-since", b"range"))
"""Without any of these, the answer is the whole."""
_SELECTIVE_LENGTHS = frozenset(map(len, _SELECTIVE))
_IN_A_304 = frozenset(
    (b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary")
)
"""What a 304 must carry (RFC 9110 §15.4.5), and without an ETag the date that takes its place."""
_OF_CONTENT = frozenset((b"content-length", b"content-digest", b"content-md5"))
"""Fields that are about the bytes of one message (RFC 9530 §2), and not about what they are a part
of, as `Repr-Digest` is."""
_TAG = re.compile(rb'(W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def answer_from(entry: Entry, request: Request, *, ranges: bool) -> tuple[Head, bytes]:
    """The head and body that answer the request.

    Args:
        entry: what is stored.
        request: what was asked.
        ranges: whether `Range` is understood here; PostgREST gives it a meaning of its own.
    """
    head, body = entry.head, entry.body
    if head.status == 200 and _is_selective(request.headers):
        if not_modified(head, request.headers):
            return as_304(head), b""
        if ranges and request.method == "GET":
            part = _part(entry, request.headers)
            if part is not None:
                return part
    return head, body


def _is_selective(headers: RawHeaders) -> bool:
    for name, _ in headers:
        if len(name) in _SELECTIVE_LENGTHS and name.lower() in _SELECTIVE:
            return True
    return False


def not_modified(head: Head, headers: RawHeaders) -> bool:
    """Whether a request with these fields has this response already.

    §13.2.2: If-None-Match goes first, and alone where it is given.
    """
    tags = values_of(headers, b"if-none-match")
    if tags:
        ours = value_of(head.headers, b"etag")
        given = b",".join(tags)
        if given.strip() == b"*":
            return True
        return ours is not None and any(
            weak_equal(ours, found[0]) for found in _TAG.finditer(given)
        )
    since = date_of(headers, b"if-modified-since")
    if since is None:
        return False
    modified = date_of(head.headers, b"last-modified")
    if modified is None:  # §4.3.2 of RFC 9111: then it is as old as its Date says
        modified = date_of(head.headers, b"date")
    return modified is not None and modified <= since


def as_304(head: Head) -> Head:
    """What tells the client that it has it already (§15.4.5)."""
    names = _IN_A_304 if values_of(head.headers, b"etag") else _IN_A_304 | {b"last-modified"}
    kept = [(name, value) for name, value in head.headers if name.lower() in names]
    return Head(304, b"Not Modified", kept)


def _part(entry: Entry, headers: RawHeaders) -> tuple[Head, bytes] | None:
    """One range; several, and what is not understood, are answered whole (§14.2)."""
    asked = values_of(headers, b"range")
    if len(asked) != 1 or not _range_applies(entry.head.headers, headers):
        return None
    found = _RANGE.fullmatch(asked[0].strip())
    if found is None or not any(found.groups()):
        return None
    size = len(entry.body)
    first, last = _bounds(found[1], found[2], size)
    if found[1] and found[2] and int(found[1]) > int(found[2]):
        return None  # §14.1.1: invalid, so ignored
    if first >= size or first > last:
        fields = [*_of_all(entry.head.headers), (b"Content-Range", b"bytes */%d" % size)]
        return Head(416, b"Range Not Satisfiable", [*fields, (b"Content-Length", b"0")]), b""
    body = entry.body[first : last + 1]
    span = b"bytes %d-%d/%d" % (first, last, size)
    fields = [
        *_of_all(entry.head.headers),
        (b"Content-Range", span),
        (b"Content-Length", b"%d" % len(body)),
    ]
    return Head(206, b"Partial Content", fields), body


def _bounds(first: bytes, last: bytes, size: int) -> tuple[int, int]:
    if not first:  # the last N bytes
        return (max(0, size - int(last)), size - 1) if int(last) else (size, size - 1)
    return int(first), min(int(last), size - 1) if last else size - 1


def _range_applies(stored: RawHeaders, headers: RawHeaders) -> bool:
    """§13.1.5: If-Range wants the same strong tag, or the very date where that is as strong."""
    condition = value_of(headers, b"if-range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition[:1] == b'"':
        return condition == value_of(stored, b"etag")
    instant = http_date(condition)
    return instant is not None and instant == strong_date(stored)


def _of_all(headers: RawHeaders) -> RawHeaders:
    """The fields that hold for a part as well."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_CONTENT]
