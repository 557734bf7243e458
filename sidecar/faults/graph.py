"""How the Graph API words the refusals of WhatsApp's Cloud API. Pure.

Source: Meta, "Error codes" of the WhatsApp Business Platform. Clients go by `error.code`; the HTTP
status of one code differs between Meta's own pages.
"""

import math

from sidecar.faults.kinds import Fault, Json, Lost, Reply, always, compact, reply

_REFUSALS: dict[int, tuple[int, str, str]] = {
    80007: (
        400,
        "There have been too many calls to this WhatsApp Business account",
        "The WhatsApp Business Account has reached its rate limit.",
    ),
    130429: (429, "Rate limit hit", "Cloud API message throughput has been reached."),
    131000: (500, "Something went wrong", "Something went wrong. Please try again later."),
    131016: (503, "Service unavailable", "A service is temporarily unavailable."),
    131026: (400, "Message undeliverable", "Message Undeliverable."),
    131030: (
        400,
        "Recipient phone number not in allowed list",
        "Recipient phone number not in allowed list: Add it to the recipient list and try again.",
    ),
    131047: (400, "Re-engagement message", "More than 24 hours have passed since the last reply."),
    131048: (400, "Spam rate limit hit", "Too many messages from this number were blocked."),
    131056: (
        400,
        "(Business Account, Consumer Account) pair rate limit hit",
        "Message failed to send because there were too many messages to the same number.",
    ),
}
_TRANSIENT = frozenset({131000, 131016})
_REASONS = {
    400: b"Bad Request",
    401: b"Unauthorized",
    429: b"Too Many Requests",
    500: b"Internal Server Error",
    503: b"Service Unavailable",
}
_TRACE = "AdrillDRILLdrillDRILLdr"


def error(code: int, message: str, kind: str = "OAuthException", **fields: object) -> Json:
    """The `error` of a body; `fields` go into it as they are."""
    return {"message": message, "type": kind, "code": code, **fields}


def refusal(code: int) -> tuple[int, Json] | None:
    """The HTTP status and the `error` of one of the refusals; None for a code that is none."""
    return _listed(code) if code in _REFUSALS else None


def _listed(code: int) -> tuple[int, Json]:
    status, title, details = _REFUSALS[code]
    data = {"messaging_product": "whatsapp", "details": details}
    extra: Json = {"is_transient": True} if code in _TRANSIENT else {}
    return status, error(code, f"(#{code}) {title}", error_data=data, **extra)


def expired_token() -> Json:
    """`error` 190 of a token that was good once; it comes with 401."""
    message = "Error validating access token: Session has expired on Friday, 01-Jan-21."
    return error(190, message, error_subcode=463)


def answer(status: int, fields: Json, *more: bytes) -> Reply:
    """The answer that carries an `error`."""
    challenge = f'OAuth "Facebook Platform" "invalid_request" "{fields["message"]}"'
    return reply(
        status,
        _REASONS[status],
        b"application/json; charset=UTF-8",
        compact({"error": {**fields, "fbtrace_id": _TRACE}}),
        b"WWW-Authenticate: " + challenge.encode(),
        b"Cache-Control: no-store",
        b"Server: proxygen-bolt",
        *more,
    )


def refused(code: int) -> Reply:
    """The answer of one of the refusals."""
    return answer(*_listed(code))


def account_throttled(seconds: float) -> Reply:
    """80007, with the header that says when access returns: in minutes, as Meta counts."""
    status, fields = _listed(80007)
    case = {
        "type": "whatsapp",
        "call_count": 100,
        "total_cputime": 0,
        "total_time": 100,
        "estimated_time_to_regain_access": math.ceil(seconds / 60),
    }
    usage = compact({"102290129340398": [case]})
    return answer(status, fields, b"X-Business-Use-Case-Usage: " + usage)


_META = "Meta, WhatsApp Business Platform, Error codes"

FAULTS = (
    Fault(
        "whatsapp.131056",
        "too many messages to the same recipient (pair rate limit)",
        _META,
        always(refused(131056)),
    ),
    Fault(
        "whatsapp.130429",
        "the throughput of the number is reached",
        _META,
        always(refused(130429)),
    ),
    Fault(
        "whatsapp.80007",
        "the business account is throttled; a header says for how many minutes",
        f"{_META}; Graph API, Rate limits",
        account_throttled,
        delay=60.0,
    ),
    Fault(
        "whatsapp.131000",
        "500 something went wrong; the message may have been sent",
        _META,
        always(refused(131000)),
    ),
    Fault(
        "whatsapp.190",
        "401 the access token has expired",
        _META,
        always(answer(401, expired_token())),
    ),
    Fault(
        "whatsapp.lost_answer",
        "the message is sent, and the connection ends before the answer",
        "RFC 9110 §9.2.2",
        always(Lost()),
    ),
)
