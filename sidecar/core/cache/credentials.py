"""Knows which fields of a request say who is asking.

A name that only looks like that counts as well: taking too many for credentials costs a hit, taking
too few gives one user's answer to another. Pure.
"""

import re
from functools import lru_cache
from operator import itemgetter

from sidecar.exchange import RawHeaders

_TELLING = re.compile(
    rb"account|api-?key|auth|cookie|credential|customer|identity|jwt|passw|principal|secret"
    rb"|session|signature|tenant|token|user(?!-agent)|-key$|^key$"
    rb"|(?:app|client|company|device|member|org|organi[sz]ation|owner|project|shop|team|workspace)"
    rb"-?id$"
)
_NOT = re.compile(rb"idempotency-key|sec-.*|x-sidecar-.*")
"""What differs in every request, or is for the sidecar itself."""
_LONGEST = 64
_first = itemgetter(0)


def names_a_credential(name: bytes) -> bool:
    """Whether a header field of this name says, or may say, who is asking."""
    return len(name) > _LONGEST or _is_telling(name)


@lru_cache(maxsize=1024)
def _is_telling(name: bytes) -> bool:
    lower = name.lower()
    return _TELLING.search(lower) is not None and _NOT.fullmatch(lower) is None


def credentials_of(headers: RawHeaders) -> list[bytes]:
    """Names in lower case and values, in turn, by name; fields of one name in their order."""
    found = [(name.lower(), value) for name, value in headers if names_a_credential(name)]
    found.sort(key=_first)
    return [part for field in found for part in field]
