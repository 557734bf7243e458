"""Decides which fields are stored, how they are validated, and what a 304 or a HEAD changes.

Source: RFC 9111 §3.1, §3.2 (storing, updating), §4.3.1, §4.3.4, §4.3.5 (validating, freshening).
"""

from sidecar.core.cache.dates import date_of, format_date, strong_date
from sidecar.core.cache.directives import value_of, values_of
from sidecar.core.cache.model import Entry, Head
from sidecar.exchange import RawHeaders

KEEP = 86400.0
"""Seconds that a stale entry is kept because a 304 may renew it, or a client may accept it."""

_KEPT = frozenset(
    (
        b"content-encoding",
        b"content-length",
        b"content-md5",
        b"content-range",
        b"digest",
        b"etag",
        b"repr-digest",
        b"content-digest",
    )
)
"""Fields that describe the stored bytes, whatever a 304 says (§3.2)."""

_NOT_STORED = frozenset(
    (b"proxy-authenticate", b"proxy-authentication-info", b"proxy-authorization")
)
"""Fields that are between two hops (§3.1). Those that `Connection` names are gone already."""


def same_representation(stored: RawHeaders, validated: RawHeaders) -> bool:
    """Whether the 304 is about what is stored: by a strong validator, a weak one, or neither."""
    ours, theirs = value_of(stored, b"etag"), value_of(validated, b"etag")
    if theirs is not None:
        return ours is not None and weak_equal(ours, theirs)
    modified = value_of(validated, b"last-modified")
    return modified is None or modified == value_of(stored, b"last-modified")


def weak_equal(one: bytes, other: bytes) -> bool:
    """Whether two entity tags name the same thing (RFC 9110 §8.8.3.2, weak comparison)."""
    return one.strip().removeprefix(b"W/") == other.strip().removeprefix(b"W/")


def same_by_head(entry: Entry, response: Head) -> bool:
    """Whether the answer to a HEAD is about the stored answer to the GET (§4.3.5)."""
    for name in (b"etag", b"last-modified"):
        theirs = value_of(response.headers, name)
        if theirs is not None and theirs != value_of(entry.head.headers, name):
            return False
    lengths = values_of(response.headers, b"content-length")
    return all(length.strip() == b"%d" % len(entry.body) for length in lengths)


def as_stored(headers: RawHeaders, received_at: float) -> RawHeaders:
    """The fields as they are kept: with the `Date` that a recipient adds (RFC 9110 §6.6.1)."""
    kept = [field for field in headers if field[0].lower() not in _NOT_STORED]
    if not values_of(headers, b"date"):
        kept.append((b"Date", format_date(received_at)))
    return kept


def as_served(head: Head, size: int) -> Head:
    """The head as every hit begins with it: `Age` is told anew each time, the length always."""
    kept = [field for field in head.headers if field[0].lower() != b"age"]
    if head.status != 204 and not values_of(kept, b"content-length"):
        kept.append((b"Content-Length", b"%d" % size))
    return head._replace(headers=kept)


def merged(stored: RawHeaders, update: RawHeaders, received_at: float) -> RawHeaders:
    """The stored fields with those of the update in their place."""
    update = as_stored(update, received_at)
    renewed = {name.lower() for name, _ in update} - _KEPT
    gone = renewed | {b"age"}
    kept = [(name, value) for name, value in stored if name.lower() not in gone]
    added = [(name, value) for name, value in update if name.lower() in renewed]
    return kept + added


def has_validator(headers: RawHeaders) -> bool:
    """Whether a 304 can be about it."""
    return bool(values_of(headers, b"etag")) or date_of(headers, b"last-modified") is not None


def conditions_for(entry: Entry) -> RawHeaders:
    """The fields that make a request conditional on what is stored (§4.3.1).

    Not its date, where that is of the second in which it was made: what was written within the
    same second has the same one, and would never be seen.
    """
    fields: RawHeaders = []
    etag = value_of(entry.head.headers, b"etag")
    modified = value_of(entry.head.headers, b"last-modified")
    if etag is not None:
        fields.append((b"If-None-Match", etag))
    if modified is not None and strong_date(entry.head.headers) is not None:
        fields.append((b"If-Modified-Since", modified))
    return fields
