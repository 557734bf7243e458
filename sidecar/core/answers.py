"""Decides what the application is told when the sidecar itself must answer.

The status is one that the provider's SDKs neither amplify nor take for a sign-out, the body is
one that they parse. 503 says "nothing was sent, ask again"; 502 and 504 say "it may have been".
"""

import json
from collections.abc import Callable
from http import HTTPStatus

from sidecar.config import ErrorShape
from sidecar.errors import (
    AttemptTimeout,
    DeadlineExceeded,
    DownstreamError,
    ExchangeError,
)
from sidecar.exchange import BytesBody, RawHeaders, Response

_RETRY_AFTER = b"1"
"""Seconds. supabase-js sleeps what it reads, three times, without a cap; 0 or a date make it
ask four times at once."""


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
    text = f"sidecar: {error.message}"
    fields = _SHAPES[shape](status, text, error, request_id)
    body = json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()
    headers: RawHeaders = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(body)),
        (b"Cache-Control", b"no-store"),
        (b"X-Sidecar-Error", error.code.encode()),
        (b"X-Request-Id", request_id.encode("ascii", "replace")),
    ]
    if status == 503:
        headers.append((b"Retry-After", _RETRY_AFTER))
    return Response(
        status, _PHRASES.get(status, b"Error"), headers, BytesBody(body), source="sidecar"
    )


Fields = dict[str, object]

_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
_PHRASES[413] = b"Content Too Large"  # RFC 9110 §15.5.14; Python says it so from 3.13


def _hint(error: ExchangeError) -> str:
    if isinstance(error, DownstreamError) and not error.sent:
        return "The request did not leave the sidecar."
    if not error.sent:
        return "Nothing was sent to the upstream: the call may safely be made again."
    return "The upstream may have acted on the request."


def _postgrest(status: int, text: str, error: ExchangeError, request_id: str) -> Fields:
    """`PostgrestError`: message, code, details, hint (postgrest.org, errors)."""
    return {
        "code": f"SIDECAR_{error.code.upper()}",
        "message": text,
        "details": f"request {request_id}",
        "hint": _hint(error),
    }


def _supabase(status: int, text: str, error: ExchangeError, request_id: str) -> Fields:
    """The union of what the auth, storage and functions clients read, as flat keys."""
    return {
        **_postgrest(status, text, error, request_id),
        "msg": text,
        "error_code": f"sidecar_{error.code}",
        "error": error.code,
        "statusCode": str(status),
    }


def _graph(status: int, text: str, error: ExchangeError, request_id: str) -> Fields:
    """Graph API: `code` is a number; `is_transient` invites a repetition, so only if unsent."""
    details = {"messaging_product": "whatsapp", "details": _hint(error)}
    return {
        "error": {
            "message": text,
            "type": "SidecarError",
            "code": status,
            "error_data": details,
            "is_transient": not error.sent and not isinstance(error, DownstreamError),
            "fbtrace_id": request_id,
        }
    }


_GOOGLE_STATUS = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    502: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _gemini(status: int, text: str, error: ExchangeError, request_id: str) -> Fields:
    """google.rpc.Status in JSON (cloud.google.com/apis/design/errors)."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": error.code.upper(),
        "domain": "sidecar",
        "metadata": {"requestId": request_id, "hint": _hint(error)},
    }
    return {
        "error": {
            "code": status,
            "message": text,
            "status": _GOOGLE_STATUS.get(status, "INVALID_ARGUMENT"),
            "details": [info],
        }
    }


def _generic(status: int, text: str, error: ExchangeError, request_id: str) -> Fields:
    """One object that every client parses that was measured."""
    return {
        **_supabase(status, text, error, request_id),
        "error": {
            "code": status,
            "message": text,
            "status": _GOOGLE_STATUS.get(status, "INVALID_ARGUMENT"),
            "type": "SidecarError",
            "is_transient": not error.sent and not isinstance(error, DownstreamError),
            "fbtrace_id": request_id,
        },
    }


_SHAPES: dict[ErrorShape, Callable[[int, str, ExchangeError, str], Fields]] = {
    "postgrest": _postgrest,
    "supabase": _supabase,
    "graph": _graph,
    "gemini": _gemini,
    "generic": _generic,
}
