"""Decides what a shared cache may store at all (RFC 9111 §3).

Pure. Sections without another name are of RFC 9111.
"""

from sidecar.core.cache import directives as cc
from sidecar.core.cache.directives import Directives
from sidecar.core.cache.freshness import HEURISTIC, has_explicit_lifetime
from sidecar.core.cache.model import Head
from sidecar.exchange import Request

_UNDERSTOOD = frozenset((200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501))
"""Statuses whose caching rules are understood here (§3, first condition)."""

_FOR_ALL_THE_SAME = ("public", "s-maxage", "must-revalidate")
"""What lets a response to a request with Authorization be stored (§3.5)."""


def may_be_stored(request: Request, response: Head, said: Directives) -> bool:
    """The conditions of §3, for a shared cache."""
    if request.method != "GET" or "no-store" in cc.of(request.headers):
        return False
    if not _is_whole(response, said) or "private" in said:
        return False
    authorized = cc.value_of(request.headers, b"authorization") is not None
    if authorized and not any(name in said for name in _FOR_ALL_THE_SAME):
        return False
    has_reason = has_explicit_lifetime(response, said) or "public" in said
    return has_reason or response.status in HEURISTIC


def _is_whole(response: Head, said: Directives) -> bool:
    """A final, complete response whose status allows it; §5.2.2.3 puts must-understand first."""
    if response.status < 200 or response.status in (206, 304):
        return False
    if "must-understand" in said:
        return response.status in _UNDERSTOOD
    return "no-store" not in said
