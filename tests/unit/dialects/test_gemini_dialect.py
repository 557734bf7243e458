import gzip
import math

import pytest

from sidecar.demo.gemini import errors
from sidecar.dialects import gemini
from tests.support.dialects import WALL, body_of

DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"


def error(code, *details):
    return {"error": {"code": code, "message": "", "status": "", "details": list(details)}}


def quota(*names):
    return {"@type": "…QuotaFailure", "violations": [{"quotaId": name} for name in names]}


def info(delay):
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def judged(value, status, headers=()):
    return gemini.judge("POST", status, list(headers), body_of(value), WALL)


@pytest.mark.parametrize(
    ("details", "kind", "wait"),
    [
        ((), "refused", 5.0),
        ((info("46s"),), "refused", 46.0),
        ((info("1.5s"), quota(MINUTE)), "refused", 1.5),
        ((quota(MINUTE), info("0s")), "refused", 0.0),
        ((info("soon"),), "refused", 5.0),
        ((info("3600s"),), "refused", 3600.0),
        ((info("3601s"),), "permanent", math.inf),
        ((info("9h54m"),), "permanent", math.inf),
        ((info("22s"), quota(DAY)), "permanent", math.inf),
        ((quota(MINUTE, DAY), info("22s")), "permanent", math.inf),
        ((quota(None), 5, None, {"violations": 3}, {"violations": [4]}), "refused", 5.0),
    ],
)
def test_each_429(details, kind, wait):
    found = judged(error(429, *details), 429, [(b"Retry-After", b"5")])
    reason = "gemini_429" if kind == "refused" else "gemini_429_day"
    assert found[:5] == ("ignore", kind, reason, wait, "model")


@pytest.mark.parametrize(
    ("code", "verdict", "kind", "reason", "scope", "most_attempts"),
    [
        (400, "ignore", "permanent", "http_400", "call", None),
        (401, "ignore", "permanent", "http_401", "call", None),
        (403, "ignore", "permanent", "http_403", "call", None),
        (404, "ignore", "permanent", "http_404", "call", None),
        (500, "failure", "ambiguous", "gemini_500", "call", 2),
        (502, "failure", "ambiguous", "http_502", "call", 2),
        (503, "failure", "refused", "gemini_503", "model", 2),
        (504, "failure", "ambiguous", "gemini_504", "call", None),
    ],
)
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda v: [{}, v]])
def test_each_code_alone_and_in_an_array(code, verdict, kind, reason, scope, most_attempts, wrap):
    found = judged(wrap(error(code)), code)
    assert (found.verdict, found.kind, found.reason) == (verdict, kind, reason)
    assert (found.wait, found.scope, found.most_attempts) == (None, scope, most_attempts)


@pytest.mark.parametrize(
    ("status", "kind", "scope", "most_attempts"),
    [
        (429, "refused", "model", None),
        (500, "ambiguous", "call", 2),
        (503, "ambiguous", "call", 2),
        (504, "ambiguous", "call", None),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error": {"co', b"{}", b'{"error": "x"}'])
def test_unreadable_body_leaves_the_status(status, kind, scope, most_attempts, body):
    found = gemini.judge("POST", status, [], body, WALL)
    assert (found.kind, found.scope, found.most_attempts) == (kind, scope, most_attempts)


def test_compressed_error_is_read():
    body = gzip.compress(body_of(error(429, info("7s"))))
    found = gemini.judge("POST", 429, [(b"content-encoding", b"gzip")], body, WALL)
    assert found.wait == 7.0


def test_simulator_speaks_this_dialect():
    assert judged(errors.quota_exceeded("m", "2.5s").body, 429).wait == 2.5
    assert judged(errors.overloaded().body, 503).reason == "gemini_503"
    assert judged(errors.bad_key().body, 400).kind == "permanent"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", None),
        (b": ping\n\n", None),
        (b'data: {"candidates": []}\r\n', None),
        (b'data: {"candidates": []}\r\n\r\n', "ok"),
        (b": ping\r\n\r\ndata: " + body_of(error(503)) + b"\r\n\r\n", "gemini_503"),
        (b"data: " + body_of(error(429, info("3s"))) + b"\n\n", "gemini_429"),
        (b"data: " + body_of(error(400)) + b"\n\n", "http_400"),
        (b"data: " + body_of({"error": {"code": "x"}}) + b"\n\n", "sse_error"),
        (b"data: " + body_of({"error": {}}) + b"\n\n", "sse_error"),
        (b"data: " + body_of({"error": {"code": 7}}) + b"\n\n", "sse_error"),
        (body_of(error(500)), "gemini_500"),
        (body_of([error(500)]), "gemini_500"),
        (body_of(error(500))[:-3], None),
        (b"data: nonsense\n\n", "ok"),
        (b"event: error\ndata: nonsense\n\n", "sse_error"),
    ],
)
def test_error_in_the_first_frame_is_seen(data, reason):
    found = gemini.first_frame(data)
    assert (found and found.reason) == reason


def test_first_frame_keeps_the_wait():
    found = gemini.first_frame(b"data: " + body_of(error(429, info("3s"))) + b"\n\n")
    assert (found.wait, found.scope) == (3.0, "model")
