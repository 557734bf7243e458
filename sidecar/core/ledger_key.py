"""Decides which calls are the same one: the key of a call, and its fingerprint.

Both are keyed digests, so that they can be kept where others read them. Pure.
"""

from hashlib import blake2b
from typing import NamedTuple

from sidecar.core.cache.credentials import credentials_in_query, credentials_of
from sidecar.exchange import SAFE_METHODS, Exchange, Request

_DIGEST = 16


class Fingerprint(NamedTuple):
    """What two calls with the same key must agree in."""

    head: bytes
    """Digest of method and target."""
    body: bytes | None
    """Digest of the body; None where it was not in memory when the call began."""

    def fits(self, other: "Fingerprint") -> bool:
        """Whether both can be the same call: they agree in all that is known of both."""
        bodies = (self.body, other.body)
        return self.head == other.head and (None in bodies or self.body == other.body)


class LedgerKeys:
    """Reads keys of calls.

    Args:
        header: the name of the field that holds the key.
        secret: keys the digests.
    """

    def __init__(self, header: str, secret: bytes) -> None:
        self._header = header.lower().encode()
        self._secret = secret[:64]

    def key(self, exchange: Exchange) -> str | None:
        """The digest of upstream, caller and key; None where there is no key to heed.

        Safe methods need none (draft-ietf-httpapi-idempotency-key-header §1).
        """
        request = exchange.request
        if request.method in SAFE_METHODS:
            return None
        given = [value for name, value in request.headers if name.lower() == self._header]
        if not any(given):
            return None
        caller = self._caller(request)
        parts = [exchange.upstream.encode(), b"%d" % len(given), *given, *caller]
        return self._digest(*parts).hex()

    def fingerprint(self, request: Request) -> Fingerprint:
        """What the call is, as far as it is known without waiting for its body."""
        body = b"" if request.body is None else request.body.known()
        head = self._digest(
            request.method.encode(), request.target.encode("utf-8", "surrogateescape")
        )
        return Fingerprint(head, None if body is None else self._digest(body))

    def _caller(self, request: Request) -> list[bytes]:
        """What tells one caller from another: what does so for the cache, and in the query.

        A key belongs to its caller: nobody gets the answer of somebody else, whatever key he
        sends. A renewed token is another caller, and its call is made. The field with the key may
        look like a credential (`X-Request-Key`), and is none.
        """
        others = [field for field in request.headers if field[0].lower() != self._header]
        found = credentials_of(others)
        return [b"%d" % len(found), *found, *credentials_in_query(request.target)]

    def _digest(self, *parts: bytes) -> bytes:
        """Each part with its length, so that no two lists of parts are the same bytes."""
        state = blake2b(digest_size=_DIGEST, key=self._secret)
        for part in parts:
            state.update(b"%d:" % len(part))
            state.update(part)
        return state.digest()
