"""Decides which calls are the same one: the key of a call, and its fingerprint.

Both are keyed digests, so that they can be kept where others read them. Pure.
"""

from typing import NamedTuple

from sidecar.core.caller import caller_of, keyed_digest
from sidecar.exchange import SAFE_METHODS, Exchange, Request


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
        self._secret = secret

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
        caller = caller_of(request, self._header)
        parts = [exchange.upstream.encode(), b"%d" % len(given), *given, *caller]
        return keyed_digest(self._secret, *parts).hex()

    def fingerprint(self, request: Request) -> Fingerprint:
        """What the call is, as far as it is known without waiting for its body."""
        body = b"" if request.body is None else request.body.known()
        head = keyed_digest(
            self._secret, request.method.encode(), request.target.encode("utf-8", "surrogateescape")
        )
        return Fingerprint(head, None if body is None else keyed_digest(self._secret, body))
