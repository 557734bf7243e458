"""How the Gemini API words its errors: google.rpc.Status in JSON. Pure.

Sources: cloud.google.com/apis/design/errors; ai.google.dev, "Troubleshooting" and "Rate limits".
"""

import json

from sidecar.faults.kinds import Fault, Json, Reply, always, reply

_TYPE = "type.googleapis.com/google.rpc."
_JSON = b"application/json; charset=UTF-8"
_GOOGLE = (
    b"Vary: Origin",
    b"Vary: X-Origin",
    b"Vary: Referer",
    b"Server: scaffolding on HTTPServer2",
    b"X-XSS-Protection: 0",
    b"X-Frame-Options: SAMEORIGIN",
    b"X-Content-Type-Options: nosniff",
)
_REASONS = {429: b"Too Many Requests", 500: b"Internal Server Error", 503: b"Service Unavailable"}


def error(code: int, status: str, message: str, details: list[Json] | None = None) -> Json:
    """The body of an error."""
    fields: Json = {"code": code, "message": message, "status": status}
    return {"error": {**fields, "details": details} if details else fields}


def overloaded() -> Json:
    """503 as Gemini words it under load."""
    return error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


def internal() -> Json:
    """500 as Gemini words it."""
    return error(
        500,
        "INTERNAL",
        "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting",
    )


def quota_exceeded(model: str, retry_delay: str, *, per: str = "Minute", limit: int = 10) -> Json:
    """429 with QuotaFailure and RetryInfo, from which clients learn how long to wait.

    Args:
        model: whose quota it is.
        retry_delay: as in RetryInfo: `46s`.
        per: `Minute` or `Day`. A quota of the day comes with a delay of seconds as well.
        limit: the quota.
    """
    violation: Json = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": f"GenerateRequestsPer{per}PerProjectPerModel-FreeTier",
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    link = {
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }
    details: list[Json] = [
        {"@type": _TYPE + "QuotaFailure", "violations": [violation]},
        {"@type": _TYPE + "Help", "links": [link]},
        {"@type": _TYPE + "RetryInfo", "retryDelay": retry_delay},
    ]
    message = (
        "You exceeded your current quota, please check your plan and billing details. "
        f"Please retry in {retry_delay}."
    )
    return error(429, "RESOURCE_EXHAUSTED", message, details)


def answer(body: Json) -> Reply:
    """The answer that carries an error, as Google's front end sends it."""
    code = body["error"]["code"]
    text = json.dumps(body, indent=2, ensure_ascii=False).encode() + b"\n"
    return reply(code, _REASONS[code], _JSON, text, *_GOOGLE)


def stream(*frames: Json, broken: bool = False) -> Reply:
    """A 200 of server-sent events, one for each frame; `broken` ends it in the middle of one."""
    data = b"".join(
        b"data: " + json.dumps(frame, ensure_ascii=False).encode() + b"\r\n\r\n" for frame in frames
    )
    whole = reply(200, b"OK", b"text/event-stream", b"", *_GOOGLE)
    headers = [field for field in whole.headers if field[0] != b"Content-Length"]
    headers.append((b"Content-Disposition", b"attachment"))
    body = data + b'data: {"candidates": [{"content": {"parts": [{"te' if broken else data
    return Reply(200, b"OK", headers, body, streamed=True, broken=broken)


def piece(text: str) -> Json:
    """One piece of a generated text, as a stream brings it."""
    content = {"parts": [{"text": text}], "role": "model"}
    return {"candidates": [{"content": content, "index": 0}], "modelVersion": "gemini-2.5-flash"}


def _seconds(delay: float) -> str:
    """A google.protobuf.Duration in JSON: `46s`, `0.5s`."""
    return f"{delay:.9f}".rstrip("0").rstrip(".") + "s"


_MODEL = "gemini-2.5-flash"
_TROUBLE = "ai.google.dev, Troubleshooting"

FAULTS = (
    Fault(
        "gemini.429_retryinfo",
        "429 RESOURCE_EXHAUSTED, quota of the minute, with RetryInfo.retryDelay",
        "ai.google.dev, Rate limits; google/rpc/error_details.proto",
        lambda delay: answer(quota_exceeded(_MODEL, _seconds(delay))),
        delay=2.0,
    ),
    Fault(
        "gemini.429_daily_quota",
        "429 RESOURCE_EXHAUSTED, quota of the day: no repetition helps today",
        "ai.google.dev, Rate limits",
        lambda delay: answer(quota_exceeded(_MODEL, _seconds(delay), per="Day", limit=250)),
        delay=46.0,
    ),
    Fault(
        "gemini.503_overloaded",
        "503 UNAVAILABLE, the model is overloaded",
        f"{_TROUBLE}; discuss.ai.google.dev 144053",
        always(answer(overloaded())),
    ),
    Fault(
        "gemini.500_internal",
        "500 INTERNAL; it may have generated",
        f"{_TROUBLE}; googleapis/python-genai#818",
        always(answer(internal())),
    ),
    Fault(
        "gemini.stream_error_frame",
        "a 200 stream whose first frame is an error (503)",
        _TROUBLE,
        always(stream(overloaded())),
    ),
    Fault(
        "gemini.stream_truncated",
        "a 200 stream that breaks off in its third frame",
        "RFC 9112 §8",
        always(stream(piece("The quick"), piece(" brown fox"), broken=True)),
    ),
)
