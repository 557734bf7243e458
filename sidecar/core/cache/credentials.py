"""Knows which fields and parameters of a request say who is asking.

A name that only looks like that counts as well: taking too many for credentials costs a hit, taking
too few gives one user's answer to another. Pure.
"""

import re
from functools import lru_cache
from operator import itemgetter
from urllib.parse import unquote

from sidecar.exchange import RawHeaders

_TELLING = re.compile(
    # Anywhere in a name.
    r"account|api-?key|auth|bearer|client-?cert|cookie|credential|customer|database|dpop|email"
    r"|identity|impersonat|jwt|login|merchant|on-?behalf|organi[sz]ation|passw|principal|realm"
    r"|secret|session|signature|ssl-client|subject|tenant|token|user(?!-agent)|workspace"
    # Whole words: `sub`, `actor` and `shop` are in `subscribe`, `factor` and `workshop` as well.
    r"|\b(?:act-?as|actors?|orgs?|pin|projects?|roles?|schemas?|shops?|sub|tickets?|uid)\b"
    r"|-key$|^key$|^from$"
    r"|(?:app|client|company|device|member|org|owner|project|shop|team)-?id$"
)
"""Of a name in lower case, with `-` for `_`."""
_NOT = re.compile(r"idempotency-key|sec-.*|x-sidecar-.*")
"""What differs in every request, or is for the sidecar itself."""
_LONGEST = 64
_first = itemgetter(0)


def names_a_credential(name: bytes) -> bool:
    """Whether a field or parameter of this name says, or may say, who is asking."""
    return len(name) > _LONGEST or _is_telling(name)


@lru_cache(maxsize=1024)
def _is_telling(name: bytes) -> bool:
    lower = name.lower().decode("latin-1")
    return _TELLING.search(lower.replace("_", "-")) is not None and _NOT.fullmatch(lower) is None


def credentials_of(headers: RawHeaders) -> list[bytes]:
    """Names in lower case and values, in turn, by name; fields of one name in their order."""
    found = [
        (name.lower(), value)
        for name, value in headers
        if len(name) > _LONGEST or _is_telling(name)  # names_a_credential
    ]
    found.sort(key=_first)
    return [part for field in found for part in field]


def credentials_in_query(target: str) -> list[bytes]:
    """The parameters of the query whose names say, or may say, who is asking: as they came."""
    query = target.partition("?")[2]
    return [
        pair.encode("utf-8", "surrogateescape")
        for pair in (query.split("&") if query else ())
        if names_a_credential(unquote(pair.partition("=")[0]).encode("utf-8", "surrogateescape"))
    ]
