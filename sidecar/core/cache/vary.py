"""Decides which of several stored responses a request selects (RFC 9111 §4.1)."""

from sidecar.core.cache.directives import values_of
from sidecar.exchange import RawHeaders

_MOST_NAMES = 32
_CASELESS = frozenset((b"accept-charset", b"accept-encoding", b"accept-language"))
"""Fields whose values mean the same in any case (RFC 9110 §12.5)."""


def names_of(headers: RawHeaders) -> tuple[bytes, ...] | None:
    """The lower-case names in `Vary`, sorted; None for `*`, and for more than are worth it."""
    names = {
        name.strip().lower()
        for value in values_of(headers, b"vary")
        for name in value.split(b",")
        if name.strip()
    }
    if b"*" in names or len(names) > _MOST_NAMES:
        return None
    return tuple(sorted(names))


def selecting(names: tuple[bytes, ...], headers: RawHeaders) -> tuple[bytes | None, ...]:
    """The values of these request fields, normalised as far as §4.1 allows without knowing them.

    Several fields of one name are joined, white space around commas is dropped; None for a field
    that is not there.
    """
    return tuple(_normalised(name, values_of(headers, name)) for name in names)


def _normalised(name: bytes, values: list[bytes]) -> bytes | None:
    if not values:
        return None
    joined = b",".join(part.strip() for value in values for part in value.split(b","))
    return joined.lower() if name in _CASELESS else joined
