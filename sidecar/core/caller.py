"""Tells callers apart, and makes keyed digests of what calls have in common.

Pure: knows requests; nothing of what is kept under the digests.
"""

from hashlib import blake2b

from sidecar.core.cache.credentials import credentials_in_query, credentials_of
from sidecar.exchange import Request

_DIGEST = 16
_LONGEST_KEY = 64


def caller_of(request: Request, key_header: bytes | None) -> list[bytes]:
    """What tells one caller from another: what does so for the cache, and in the query.

    An idempotency key belongs to its caller: nobody gets the answer of somebody else, whatever key
    he sends. A renewed token is another caller, and its call is made.

    Args:
        request: the call.
        key_header: the field with the key, in lower case: it may look like a credential
            (`X-Request-Key`), and is none.
    """
    others = [field for field in request.headers if field[0].lower() != key_header]
    found = credentials_of(others)
    return [b"%d" % len(found), *found, *credentials_in_query(request.target)]


def keyed_digest(secret: bytes, *parts: bytes | memoryview) -> bytes:
    """Each part with its length, so that no two lists of parts are the same bytes."""
    state = blake2b(digest_size=_DIGEST, key=secret[:_LONGEST_KEY])
    for part in parts:
        state.update(b"%d:" % len(part))
        state.update(part)
    return state.digest()
