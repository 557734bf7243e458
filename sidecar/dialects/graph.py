"""The Graph API, WhatsApp's above all: by `error.code`, not by the HTTP status.

Source: Meta, "Error codes" of the WhatsApp Business Platform: build on `code` and the details;
the status of one code differs between its pages. "Handling errors" of the Graph API: 1, 2, 4, 17.
"""

import math

from sidecar.core.json_path import Json, field, parsed
from sidecar.dialects import plain
from sidecar.dialects.body import header, json_of
from sidecar.dialects.retry_after import duration, retry_after
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement, Scope


def _throttled(code: int, scope: Scope) -> Judgement:
    return Judgement("ignore", "refused", f"graph_{code}", scope=scope)


def _never(code: int) -> Judgement:
    return Judgement("ignore", "permanent", f"graph_{code}")


def _unsure(code: int) -> Judgement:
    return Judgement("failure", "ambiguous", f"graph_{code}")


_APP_THROTTLES = (4, 17, 32, 341, 613, 80007, 80008)
"""Calls of the app, user, page or WhatsApp business account ("Rate limits" of the Graph API)."""

_TRANSIENT = (1, 2, 131000, 131016, 133004)
"""Meta says "try again", and does not say that nothing was sent: a second POST may be a second
message, for the API has no idempotency key."""

_PERMANENT = (
    *(0, 3, 10, 33, 100, 104, 190, 368, 2500),  # token, permission, parameter, policy
    *(130472, 130497, 131005, 131008, 131009, 131021, 131026, 131030, 131031, 131037, 131042),
    *(131045, 131047, 131050, 131051, 131052, 131053),  # recipient, account, window, media
    *(132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069),  # templates
    *(133000, 133005, 133006, 133008, 133009, 133010, 133015),  # registration
)

_RULES: dict[int, Judgement] = {
    **{code: _throttled(code, "key") for code in _APP_THROTTLES},
    **{code: _unsure(code) for code in _TRANSIENT},
    **{code: _never(code) for code in _PERMANENT},
    # "Throughput": 80 messages/s of one number.
    130429: _throttled(130429, "phone_number"),
    # "Pair rate limits": wait 4^n seconds, n from 0, for this recipient; others flow.
    131056: _throttled(131056, "recipient")._replace(wait=1.0, growth=4.0),
    # Spam: the number's quality is in question. Repeating makes it worse.
    131048: _never(131048)._replace(scope="phone_number"),
    # Not now for a marketing message: at least 24 hours. Other messages to the recipient flow.
    131049: _never(131049)._replace(wait=86_400.0),
    # 10 registrations in 72 hours.
    133016: _never(133016)._replace(wait=math.inf),
    # "Business Account is in maintenance mode", such as a throughput upgrade: not accepted.
    131057: _throttled(131057, "phone_number"),
    # Maintenance too, as partners list it; nothing says that the message was not accepted.
    131064: Judgement("ignore", "ambiguous", "graph_131064", scope="phone_number"),
}


def judge(method: str, status: int, headers: RawHeaders, body: bytes, wall: float) -> Judgement:
    """By the code. One that is not listed is `ambiguous` if `is_transient`, else by its status."""
    if status < 400:
        return plain.DONE
    error = field(json_of(headers, body), "error")
    code = _number(field(error, "code"))
    if code is None:
        return plain.judge(method, status, headers, body, wall)
    rule = _RULES.get(code)
    if rule is not None:
        return _with_wait(rule, headers, wall)
    if 200 <= code <= 299:  # "permission": 200-299, one for each permission
        return Judgement("ignore", "permanent", "graph_permission")
    if field(error, "is_transient") is True:
        wait = retry_after(headers, wall)
        return Judgement("failure", "ambiguous", "graph_transient", wait)
    found = plain.judge(method, status, headers, body, wall)
    return found._replace(reason="graph_other")


first_frame = plain.first_frame
streams = plain.streams
end_of = plain.end_of


def _number(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _with_wait(rule: Judgement, headers: RawHeaders, wall: float) -> Judgement:
    """The rule, with the longest wait of its own, of Retry-After and of the usage header."""
    waits = [rule.wait, retry_after(headers, wall)]
    if rule.kind == "refused":
        waits.append(_regain(headers))
    known = [wait for wait in waits if wait is not None]
    return rule._replace(wait=max(known)) if known else rule


def _regain(headers: RawHeaders) -> float | None:
    """Seconds of `estimated_time_to_regain_access` in X-Business-Use-Case-Usage.

    Meta's is in minutes, and 0 while access is not lost ("Rate limits" of the Graph API).
    """
    usage = parsed(header(headers, b"x-business-use-case-usage"))
    longest = 0.0
    for cases in usage.values() if isinstance(usage, dict) else ():
        for case in cases if isinstance(cases, list) else ():
            minutes = duration(field(case, "estimated_time_to_regain_access"))
            longest = max(longest, (minutes or 0.0) * 60)
    return longest or None
