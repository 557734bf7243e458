"""Where a key is in a request, and the same request with another key, or with it elsewhere.

Pure. Everything else of the request stays as it is, to the byte.
"""

import re
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import unquote

from sidecar.exchange import RawHeaders, Request

_TOKEN = re.compile(r"[!-~]+")


class Place(NamedTuple):
    """Where a provider looks for the key."""

    header: bytes | None
    """As it is written; found in any case."""
    query: str | None
    scheme: bytes = b""
    """What stands before the key in the header, with its blank: `Bearer `."""


def has_key(request: Request, place: Place) -> bool:
    """Whether the application has put in a key of its own."""
    return _in_headers(request.headers, place) or bool(_in_query(request.target, place)[1])


def with_key(request: Request, place: Place, key: str) -> Request:
    """The request with this key and no other: in the header, if there is one, else in the query.

    Args:
        request: as the application sent it.
        place: where keys are.
        key: visible ASCII.
    """
    kept, found = _in_query(request.target, place)
    target = _joined(request.target, kept) if found else request.target
    if place.header is None:
        mark = "&" if "?" in target else "?"
        return request._replace(target=f"{target}{mark}{place.query}={_quoted(key)}")
    headers = [*_without(request.headers, place), (place.header, place.scheme + key.encode())]
    return request._replace(target=target, headers=headers)


def with_moved_key(request: Request, place: Place) -> Request:
    """The request with its key moved from the query to the header.

    The same object where it has none there, several, one in the header as well, or one that no
    header may hold.
    """
    if place.header is None or _in_headers(request.headers, place):
        return request
    kept, found = _in_query(request.target, place)
    key = unquote(found[0].partition("=")[2]) if len(found) == 1 else ""
    if not _TOKEN.fullmatch(key):
        return request
    headers = [*request.headers, (place.header, place.scheme + key.encode())]
    return request._replace(target=_joined(request.target, kept), headers=headers)


def digest_of(key: str) -> str:
    """Four characters by which people can tell keys apart, and from which none can be guessed."""
    return blake2b(key.encode(), digest_size=2).hexdigest()


def _in_headers(headers: RawHeaders, place: Place) -> bool:
    return place.header is not None and len(_without(headers, place)) < len(headers)


def _without(headers: RawHeaders, place: Place) -> RawHeaders:
    if place.header is None:
        return headers
    lower = place.header.lower()
    return [field for field in headers if field[0].lower() != lower]


def _in_query(target: str, place: Place) -> tuple[list[str], list[str]]:
    """The parameters of the query that are no keys, and those that are."""
    query = target.partition("?")[2]
    kept: list[str] = []
    found: list[str] = []
    for pair in query.split("&") if query else ():
        name = pair.partition("=")[0]
        (found if unquote(name) == place.query else kept).append(pair)
    return kept, found


def _joined(target: str, pairs: list[str]) -> str:
    path = target.partition("?")[0]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _quoted(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.~-]", lambda found: f"%{ord(found[0]):02X}", key)
