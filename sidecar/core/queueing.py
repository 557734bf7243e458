"""Decides which calls are accepted for later delivery, and what of them is kept.

Pure: knows requests and errors; nothing of spools.
"""

import re
from itertools import chain
from typing import NamedTuple

from sidecar.config.queue import Dedup, QueueMode
from sidecar.core.caller import caller_of, keyed_digest
from sidecar.core.headers import OF_BODY
from sidecar.errors import ConnectError, ConnectTimeout, ExchangeError
from sidecar.exchange import SAFE_METHODS, Exchange, RawHeaders, Request

RESPOND_ASYNC = b"respond-async"

_ITEM = re.compile(rb'((?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+)')
"""One member of a comma-separated list; a comma within quotes is none (RFC 9110 §5.6.1). Quotes
that are never closed go to the end, or each quote within would be tried anew."""


def is_accepted_at_once(mode: QueueMode, request: Request) -> bool:
    """Whether a call is queued without being tried.

    Never a safe one: of what is asked for, the answer is all that matters.
    """
    if request.method in SAFE_METHODS or mode in ("never", "on_failure"):
        return False
    return mode == "always" or prefers_later(request.headers)


def is_accepted_after(error: ExchangeError, exchange: Exchange) -> bool:
    """Whether a call that failed is queued (`on_failure`).

    Only where the upstream was not reached, or its breaker is open, and no earlier attempt may
    have got through; one that is harmless twice may have.
    """
    unreached = isinstance(error, ConnectError | ConnectTimeout) or error.code == "breaker_open"
    unsent = not error.sent and (exchange.timeline.sent_at == 0 or exchange.repeatable)
    return unreached and unsent and exchange.request.method not in SAFE_METHODS


def prefers_later(headers: RawHeaders) -> bool:
    """Whether the client would rather have a 202 now (`Prefer: respond-async`, RFC 7240 §4.1)."""
    return any(
        _token(item) == RESPOND_ASYNC
        for name, value in headers
        if _is_prefer(name)
        for item in _ITEM.findall(value)
    )


def without_preference(headers: RawHeaders) -> RawHeaders:
    """The fields without `respond-async`, which the sidecar has applied itself.

    An upstream would apply it a second time, or refuse it as PostgREST does with
    `handling=strict`. All else stays byte for byte; the same object where there is none.
    """
    if not prefers_later(headers):
        return headers
    kept: RawHeaders = []
    for name, value in headers:
        items = _ITEM.findall(value) if _is_prefer(name) else []
        others = [item for item in items if _token(item) != RESPOND_ASYNC]
        if len(others) == len(items):
            kept.append((name, value))
        elif others:
            kept.append((name, b",".join(others).strip()))
    return kept


def _is_prefer(name: bytes) -> bool:
    return len(name) == 6 and name.lower() == b"prefer"


def _token(item: bytes) -> bytes:
    return item.partition(b";")[0].partition(b"=")[0].strip().lower()


class Sameness(NamedTuple):
    """By what a call is known to be the same once more."""

    key: str
    until: float
    """Until when, in seconds from now."""
    named: bool
    """Whether the client named it; then another request under the same name is a mistake."""


class Digests:
    """Keyed digests of what calls have in common, so that they can be kept.

    Args:
        dedup: which calls are the same one.
        secret: keys the digests.
    """

    def __init__(self, dedup: Dedup, secret: bytes) -> None:
        self._dedup = dedup
        self._header = dedup.header.lower().encode() if dedup.header else None
        self._secret = secret

    def sameness(self, request: Request, body: bytes) -> Sameness | None:
        """By what it is the same call, for its caller; None where nothing makes it so."""
        given = [value for name, value in request.headers if name.lower() == self._header]
        if any(given):
            key = self._digest(b"named", *given, *caller_of(request, self._header))
            return Sameness(key, self._dedup.keep, named=True)
        if not self._dedup.content:
            return None
        said = (*_said(request, body), *_meant(request.headers))
        key = self._digest(b"content", *said, *caller_of(request, self._header))
        return Sameness(key, self._dedup.content, named=False)

    def fingerprint(self, request: Request, body: bytes) -> str:
        """What is asked for, whoever asks."""
        return self._digest(b"request", *_said(request, body))

    def lane(self, *parts: str) -> str:
        """What keeps deliveries in order."""
        return self._digest(b"lane", *(part.encode("utf-8", "surrogateescape") for part in parts))

    def _digest(self, *parts: bytes) -> str:
        return keyed_digest(self._secret, *parts).hex()


def _meant(headers: RawHeaders) -> list[bytes]:
    """How a body is meant, in whatever order and case the fields say so."""
    found = sorted((name.lower(), value) for name, value in headers if name.lower() in OF_BODY)
    return [b"%d" % len(found), *chain.from_iterable(found)]


def _said(request: Request, body: bytes) -> tuple[bytes, bytes, bytes]:
    return request.method.encode(), request.target.encode("utf-8", "surrogateescape"), body
