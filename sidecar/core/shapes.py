"""How an error is worded for each provider's clients: the body that they can read.

Knows what is to be said, not why. What the clients read was measured with the official SDKs.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from sidecar.config import ErrorShape

_Fields = dict[str, object]


class Told(NamedTuple):
    """What the application is told of an error."""

    status: int
    text: str
    code: str
    """A short stable name, in lower case."""
    hint: str
    """Whether it may have been done."""
    transient: bool
    """Whether clients that repeat by themselves are invited to: only if nothing was done."""
    request_id: str


def worded(told: Told, shape: ErrorShape, **more: object) -> bytes:
    """The JSON object that says it, and `more` beside it, in ASCII."""
    fields = {**_SHAPES[shape](told), **more}
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()


def _postgrest(told: Told) -> _Fields:
    """`PostgrestError`: message, code, details, hint (postgrest.org, errors)."""
    return {
        "code": f"SIDECAR_{told.code.upper()}",
        "message": told.text,
        "details": f"request {told.request_id}",
        "hint": told.hint,
    }


def _supabase(told: Told) -> _Fields:
    """The union of what the auth, storage and functions clients read, as flat keys."""
    return {
        **_postgrest(told),
        "msg": told.text,
        "error_code": f"sidecar_{told.code}",
        "error": told.code,
        "statusCode": str(told.status),
    }


def _graph(told: Told) -> _Fields:
    """Graph API: `code` is a number; `is_transient` invites a repetition."""
    details = {"messaging_product": "whatsapp", "details": told.hint}
    return {
        "error": {
            "message": told.text,
            "type": "SidecarError",
            "code": told.status,
            "error_data": details,
            "is_transient": told.transient,
            "fbtrace_id": told.request_id,
        }
    }


_GOOGLE_STATUS = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    501: "UNIMPLEMENTED",
    500: "INTERNAL",
    504: "DEADLINE_EXCEEDED",
}


def _google_status(status: int) -> str:
    return _GOOGLE_STATUS.get(status, "UNAVAILABLE" if status >= 500 else "INVALID_ARGUMENT")


def _gemini(told: Told) -> _Fields:
    """google.rpc.Status in JSON (cloud.google.com/apis/design/errors)."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": told.code.upper(),
        "domain": "sidecar",
        "metadata": {"requestId": told.request_id, "hint": told.hint},
    }
    return {
        "error": {
            "code": told.status,
            "message": told.text,
            "status": _google_status(told.status),
            "details": [info],
        }
    }


def _generic(told: Told) -> _Fields:
    """One object that every client parses that was measured."""
    return {
        **_supabase(told),
        "error": {
            "code": told.status,
            "message": told.text,
            "status": _google_status(told.status),
            "type": "SidecarError",
            "is_transient": told.transient,
            "fbtrace_id": told.request_id,
        },
    }


_SHAPES: dict[ErrorShape, Callable[[Told], _Fields]] = {
    "postgrest": _postgrest,
    "supabase": _supabase,
    "graph": _graph,
    "gemini": _gemini,
    "generic": _generic,
}
