"""The Gemini API: google.rpc.Status in JSON, RetryInfo and QuotaFailure in its details.

Sources: google/rpc/error_details.proto; ai.google.dev, "Troubleshooting" and "Rate limits"
(quotas are by model); discuss.ai.google.dev 144053: calls that fail with 503 count as well.
"""

import math

from sidecar.core.json_path import Json, field, parsed
from sidecar.dialects import plain
from sidecar.dialects.body import json_of
from sidecar.dialects.retry_after import duration, retry_after
from sidecar.dialects.sse import frame_in
from sidecar.dialects.stream_end import Marks, marks
from sidecar.exchange import RawHeaders
from sidecar.judgement import Judgement

_LONGEST_DELAY = 3600.0
"""Seconds. More than this is a quota of the day: "9h54m" was seen."""

_MOST_ATTEMPTS = 2
"""For what fails after it was counted: each repetition costs quota."""

_FINISHED = marks("finishReason", "blockReason")
"""ai.google.dev, "GenerateContentResponse": without `finishReason` "the model has not stopped
generating tokens"; with `promptFeedback.blockReason` there are no candidates that could have one.
The stream has no other end."""


def judge(method: str, status: int, headers: RawHeaders, body: bytes, wall: float) -> Judgement:
    """By `error.code`, which is the status again, and by the details of a 429."""
    if status < 400:
        return plain.DONE
    error = _error_in(json_of(headers, body))
    said = retry_after(headers, wall)
    found = _judge(error, said) if error is not None else None
    if found is not None:
        return found
    other = plain.judge(method, status, headers, body, wall)
    if status == 429:
        return other._replace(scope="model")
    costly = status in {500, 502, 503}
    return other._replace(most_attempts=_MOST_ATTEMPTS) if costly else other


streams = True


def first_frame(data: bytes) -> Judgement | None:
    """An error object in the first frame, or in place of it, is what it would be as a status."""
    bare = data.lstrip()
    if bare[:1] in {b"{", b"["}:
        value = parsed(bare)
    else:
        frame = frame_in(data)
        if frame is None:
            return None
        value = parsed(frame.data)
        if value is None:
            return plain.first_frame(data)
    if value is None:
        return None
    error = _error_in(value)
    if error is None:
        return plain.DONE
    return _judge(error, None) or _of_other(error)


def end_of(target: str) -> Marks | None:
    """A generation says why it ended. Other streams, such as the OpenAI-compatible ones, differ."""
    path = target.partition("?")[0].lower()
    generates = path.endswith((":streamgeneratecontent", "%3astreamgeneratecontent"))
    return _FINISHED if generates else None


def _of_other(error: dict[str, Json]) -> Judgement:
    code = field(error, "code")
    if isinstance(code, int) and 400 <= code < 600:
        return plain.judge("POST", code, [], b"", 0.0)
    return Judgement("failure", "ambiguous", "sse_error", most_attempts=_MOST_ATTEMPTS)


def _error_in(value: Json) -> dict[str, Json] | None:
    """`error`, of the object or of the first element that has one (a stream that is an array)."""
    for item in value if isinstance(value, list) else [value]:
        error = field(item, "error")
        if isinstance(error, dict):
            return error
    return None


def _judge(error: dict[str, Json], said: float | None) -> Judgement | None:
    """What an error object means; None if HTTP says as much.

    503 is `refused`: overloaded, it generated nothing. 500 and 504 may have generated, and the
    tokens are spent.
    """
    match field(error, "code"):
        case 429:
            return _exhausted(error, said)
        case 503:
            return Judgement("failure", "refused", "gemini_503", said, "model", _MOST_ATTEMPTS)
        case 500:
            return Judgement("failure", "ambiguous", "gemini_500", said, "call", _MOST_ATTEMPTS)
        case 504:
            return Judgement("failure", "ambiguous", "gemini_504", said)
    return None


def _exhausted(error: dict[str, Json], said: float | None) -> Judgement:
    """A 429: how long, and whether today at all.

    A quota of the day comes with a delay of seconds as well: its name decides.
    """
    details = field(error, "details")
    wait, daily = said, False
    for detail in details if isinstance(details, list) else ():
        delay = duration(field(detail, "retryDelay"))
        wait = delay if delay is not None else wait
        violations = field(detail, "violations")
        for violation in violations if isinstance(violations, list) else ():
            daily = daily or "PerDay" in str(field(violation, "quotaId"))
    if daily or (wait is not None and wait > _LONGEST_DELAY):
        return Judgement("ignore", "permanent", "gemini_429_day", math.inf, "model")
    return Judgement("ignore", "refused", "gemini_429", wait, "model")
