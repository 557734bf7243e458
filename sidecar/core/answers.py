"""Decides what the application is told when the sidecar itself must answer.

The status is one that the provider's SDKs neither amplify nor take for a sign-out, the body is
one that they parse. 503 says "nothing was sent, ask again"; 502 and 504 say "it may have been".
"""

import math
from http import HTTPStatus

from sidecar.config import ErrorShape
from sidecar.core.shapes import Told, worded
from sidecar.core.websocket import UPGRADE_REQUIRED, WANTED
from sidecar.errors import (
    AttemptTimeout,
    DeadlineExceeded,
    DownstreamError,
    ExchangeError,
    Rejected,
)
from sidecar.exchange import BytesBody, RawHeaders, Response

_RETRY_AFTER = 1
"""Seconds, where nothing better is known; never 0 or a date, at which supabase-js asks four times
at once."""

_LONGEST_RETRY_AFTER = 30
"""Some clients sleep what they read, without a cap of their own."""


def status_of(error: ExchangeError, shape: ErrorShape) -> int:
    """The HTTP status that stands for `error`.

    PostgREST's clients repeat a GET three times after a 503, so they never see one from here.
    """
    if isinstance(error, DownstreamError):
        return error.status
    timed_out = error.code.endswith("_timeout")
    if not error.sent and shape != "postgrest":
        return 503
    if timed_out or isinstance(error, AttemptTimeout | DeadlineExceeded):
        return 504
    return 502


def answer(error: ExchangeError, shape: ErrorShape, request_id: str) -> Response:
    """The response that tells the application about `error`."""
    status = status_of(error, shape)
    told = Told(
        status=status,
        text=f"sidecar: {error.message}",
        code=error.code,
        hint=_hint(error),
        transient=not error.sent and not isinstance(error, DownstreamError),
        request_id=request_id,
    )
    body = worded(told, shape)
    headers: RawHeaders = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Cache-Control", b"no-store"),
        (b"X-Sidecar-Error", error.code.encode()),
        (b"X-Request-Id", request_id.encode("ascii", "replace")),
    ]
    if status == 503:
        headers.append((b"Retry-After", b"%d" % _seconds_to_wait(error)))
    if status == UPGRADE_REQUIRED:
        headers += WANTED
    return Response(
        status, _PHRASES.get(status, b"Error"), headers, BytesBody(body), source="sidecar"
    )


_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
_PHRASES[413] = b"Content Too Large"  # RFC 9110 §15.5.14; Python says it so from 3.13


def _seconds_to_wait(error: ExchangeError) -> int:
    known = error.retry_after if isinstance(error, Rejected) else None
    if known is None:
        return _RETRY_AFTER
    return max(_RETRY_AFTER, math.ceil(min(known, _LONGEST_RETRY_AFTER)))


def _hint(error: ExchangeError) -> str:
    if isinstance(error, DownstreamError) and not error.sent:
        return "The request did not leave the sidecar."
    if not error.sent:
        return "Nothing was sent to the upstream: the call may safely be made again."
    return "The upstream may have acted on the request."
