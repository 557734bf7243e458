"""The faults of the matrix: its rows. What the upstream does, and whether that proves anything.

Knows no expectation: what the sidecar makes of a fault is in `expectations.py`.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from tests.matrix.calls import Call
from tests.support.steps import body, close, message, reset, send, stall, trickle
from tests.support.upstream import Script, Step


class Fault(NamedTuple):
    """One thing that an upstream does instead of answering well."""

    name: str
    """As in the document."""
    script: Callable[[Call], Script] | None
    """None: nobody listens."""
    undone: bool = False
    """Whether it shows that the upstream did nothing: only then may any call be sent again."""
    status: int = 0
    content: bytes = b""
    """What the application gets where the upstream's answer is passed on as it is."""
    after_a_call: bool = False
    """Whether it strikes on a connection that carried a call before."""


def _steps(*steps: Step) -> Callable[[Call], Script]:
    return lambda _call: steps


def _framed(call: Call) -> bytes:
    return message(call.answer, call.kind)


def _half(call: Call) -> bytes:
    return _framed(call)[: -len(call.parts[1])]


def _slow_body(call: Call) -> Script:
    head = _framed(call)[: -len(call.answer)]
    size = len(call.answer) // 8 + 1
    return (body, send(head), trickle(call.answer, every=0.05, size=size))


REFUSED = Fault("connection refused", None, undone=True)
STALE = Fault("kept connection closed as it is used", _steps(body, close), after_a_call=True)
CLOSED = Fault("closed before the answer", _steps(body, close))
RESET = Fault("reset before the answer", _steps(body, reset))
SILENT = Fault("no answer at all", _steps(body, stall))
SLOW_HEAD = Fault(
    "head that trickles", lambda call: (body, trickle(_framed(call), every=0.05, size=2))
)
GARBAGE = Fault("no HTTP", _steps(body, send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), close))
SHORT = Fault("body shorter than its length", lambda call: (body, send(_half(call)), close))
UNENDED = Fault(
    "chunked body without an end",
    lambda call: (body, send(call.chunked(call.parts[0])), close),
)
RESET_INSIDE = Fault("reset inside the body", lambda call: (body, send(_half(call)), reset))
STALLED = Fault("body that stalls", lambda call: (body, send(_half(call)), stall))
SLOW_BODY = Fault("body that trickles", _slow_body)


def answered(
    name: str, status: int, content: bytes, *headers: bytes, undone: bool = False
) -> Fault:
    """An answer of the upstream that is complete and no success."""
    sent = message(content, *headers, status=b"%d Fault" % status)
    return Fault(name, _steps(body, send(sent)), undone, status, content)


def http(status: int, after: str = "", *, undone: bool = False) -> Fault:
    """A bare status, with or without `Retry-After`."""
    headers = [b"Retry-After: " + after.encode()] if after else []
    name = f"{status}, Retry-After: {after}" if after else str(status)
    return answered(name, status, b"fault", *headers, undone=undone)


def of_json(name: str, status: int, value: object, *headers: bytes, undone: bool = False) -> Fault:
    """An error as a provider words it."""
    kind = b"Content-Type: application/json"
    return answered(name, status, json.dumps(value).encode(), kind, *headers, undone=undone)


def graph(code: int, *, undone: bool = False, transient: bool = False, status: int = 400) -> Fault:
    """An error of the Graph API."""
    error = {"message": "m", "type": "OAuthException", "code": code, "is_transient": transient}
    name = f"{code}, `is_transient`" if transient else str(code)
    return of_json(name, status, {"error": error}, undone=undone)


def postgrest(code: str, status: int, *, undone: bool = False) -> Fault:
    """An error of PostgREST, or of PostgreSQL behind it."""
    error = {"code": code, "message": "m", "details": None, "hint": None}
    return of_json(code, status, error, undone=undone)


def gateway(status: int) -> Fault:
    """What Supabase's gateway answers with a status of its own."""
    return of_json(str(status), status, {"message": "m"})


def cloudflare(status: int, *, undone: bool = False) -> Fault:
    """Cloudflare's own page in place of an answer."""
    page = (
        b'<!DOCTYPE html><html><body><div id="cf-wrapper"><div id="cf-error-details">'
        b"<h1>Error %d</h1><span>Cloudflare Ray ID: <strong>8f1e2d3c4b5a6978</strong></span>"
        b"</div></div></body></html>" % status
    )
    headers = (b"Content-Type: text/html", b"Server: cloudflare")
    return answered(f"Cloudflare's page, {status}", status, page, *headers, undone=undone)


def _google(code: int, *details: object) -> dict[str, object]:
    return {"error": {"code": code, "message": "m", "status": "S", "details": list(details)}}


def delay(seconds: str) -> dict[str, str]:
    """How Gemini asks for a wait."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds}


QUOTA_OF_THE_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
}


def gemini(name: str, code: int, *details: object, undone: bool = False) -> Fault:
    """An error of the Gemini API."""
    return of_json(name, code, _google(code, *details), undone=undone)


def frame(name: str, code: int, *details: object, undone: bool = False) -> Fault:
    """A stream that begins with a 200 and an error."""
    data = b"data: " + json.dumps(_google(code, *details)).encode() + b"\r\n\r\n"

    def script(call: Call) -> Script:
        return (body, send(call.chunked(data, b"")))

    return Fault(name, script, undone, 200, data)


CUT_FRAME = Fault(
    "stream that ends inside a frame",
    lambda call: (body, send(call.chunked(call.parts[0], call.parts[1][:20], b""))),
)
FIRST_FRAME_CUT = Fault(
    "stream that breaks inside its first frame",
    lambda call: (body, send(call.chunked(call.parts[0][:20])), close),
)
