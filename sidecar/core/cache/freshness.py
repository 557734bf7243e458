"""Decides how long a response is fresh, and how old it is (RFC 9111 §4.2).

Pure. Sections without another name are of RFC 9111.
"""

from sidecar.core.cache import directives as cc
from sidecar.core.cache.dates import date_of
from sidecar.core.cache.directives import Directives
from sidecar.core.cache.model import Head
from sidecar.exchange import RawHeaders

HEURISTIC = frozenset((200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501))
"""Statuses that may be given a lifetime of our own making (RFC 9110 §15.1)."""

_HEURISTIC_SHARE = 0.1
"""Of the time since `Last-Modified` (§4.2.2: "a typical setting")."""

_HEURISTIC_LONGEST = 86400.0
"""Seconds."""

IMPLIES_REVALIDATION = ("must-revalidate", "proxy-revalidate", "s-maxage")
"""What forbids a shared cache to serve stale (§5.2.2.2, §5.2.2.8, §5.2.2.10)."""


def has_explicit_lifetime(response: Head, said: Directives) -> bool:
    """Whether the upstream itself says how long it is fresh (§4.2.1)."""
    return (
        "max-age" in said or "s-maxage" in said or bool(cc.values_of(response.headers, b"expires"))
    )


def lifetime_of(response: Head, said: Directives, received_at: float) -> float:
    """§4.2.1, the first that is given: s-maxage, max-age, Expires, a heuristic."""
    for name in ("s-maxage", "max-age"):
        seconds = said.seconds(name)
        if seconds is not None:
            return float(seconds)
    date = date_of(response.headers, b"date")
    made = received_at if date is None else date
    if cc.values_of(response.headers, b"expires"):
        expires = date_of(response.headers, b"expires")
        return 0.0 if expires is None else max(0.0, expires - made)
    modified = date_of(response.headers, b"last-modified")
    if modified is None or modified > made or not _may_be_guessed(response, said):
        return 0.0
    return min(_HEURISTIC_LONGEST, (made - modified) * _HEURISTIC_SHARE)


def _may_be_guessed(response: Head, said: Directives) -> bool:
    """§4.2.2: by its status, or marked `public`. Never what was made for one user only."""
    if cc.values_of(response.headers, b"set-cookie"):
        return False
    return response.status in HEURISTIC or "public" in said


def initial_age(headers: RawHeaders, asked_at: float, received_at: float) -> float:
    """§4.2.3, corrected_initial_age."""
    date = date_of(headers, b"date")
    apparent = 0.0 if date is None else max(0.0, received_at - date)
    corrected = cc.age_of(headers) + max(0.0, received_at - asked_at)
    return max(apparent, corrected)


def is_pragma_no_cache(headers: RawHeaders) -> bool:
    """§5.4: only where there is no Cache-Control."""
    return any(b"no-cache" in value.lower() for value in cc.values_of(headers, b"pragma"))
