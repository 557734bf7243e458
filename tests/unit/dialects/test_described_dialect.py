import pytest

from sidecar.config import DescribedDialect
from sidecar.core.json_path import path_of
from sidecar.dialects import Described, dialect_of
from tests.support.dialects import WALL, body_of

DESCRIPTION = DescribedDialect(
    code="errors[0].code",
    transient=("busy", "42", "409"),
    refused=("slow_down", "500", "both"),
    permanent=("quota", "502", "both"),
    ignore=("busy_but_well", "busy", "500"),
    wait="$.retry.after",
    scope="model",
)


def judged(status, code=None, headers=(), description=DESCRIPTION, **fields):
    body = body_of({"errors": [{"code": code}], **fields})
    return Described(description).judge("POST", status, list(headers), body, WALL)


@pytest.mark.parametrize(
    ("status", "code", "verdict", "kind", "scope", "reason"),
    [
        (400, "busy", "ignore", "ambiguous", "call", "described_busy"),
        (400, 42, "failure", "ambiguous", "call", "described_42"),
        (400, "slow_down", "ignore", "refused", "model", "described_slow_down"),
        (503, "slow_down", "failure", "refused", "model", "described_slow_down"),
        (500, None, "ignore", "refused", "model", "described_500"),
        (500, "quota", "ignore", "permanent", "call", "described_quota"),
        (500, "both", "ignore", "permanent", "call", "described_both"),
        (502, None, "ignore", "permanent", "call", "described_502"),
        (409, None, "failure", "ambiguous", "call", "described_409"),
        (504, "busy_but_well", "ignore", "ambiguous", "call", "http_504"),
        (504, "unknown", "failure", "ambiguous", "call", "http_504"),
        (504, True, "failure", "ambiguous", "call", "http_504"),
        (504, {"a": 1}, "failure", "ambiguous", "call", "http_504"),
        (429, None, "ignore", "refused", "key", "http_429"),
    ],
)
def test_lists_decide_and_http_the_rest(status, code, verdict, kind, scope, reason):
    found = judged(status, code)
    assert (found.verdict, found.kind) == (verdict, kind)
    assert (found.scope, found.reason) == (scope, reason)


def test_what_is_no_error_is_not_read():
    assert judged(200, "busy").kind == "done"


@pytest.mark.parametrize(
    ("wait", "fields", "headers", "seconds"),
    [
        ("$.retry.after", {"retry": {"after": "1.5s"}}, (), 1.5),
        ("$.retry.after", {"retry": {"after": 3}}, (), 3.0),
        ("$.retry.after", {}, [(b"Retry-After", b"8")], 8.0),
        ("X-Wait", {}, [(b"x-wait", b"4")], 4.0),
        ("X-Wait-Ms", {}, [(b"X-Wait-MS", b"250")], 0.25),
        ("X-Wait", {}, [(b"x-wait", b"soon"), (b"Retry-After", b"8")], 8.0),
        (None, {}, [(b"Retry-After", b"8")], 8.0),
    ],
)
def test_wait_is_where_the_description_says(wait, fields, headers, seconds):
    assert judged(500, None, headers, DescribedDialect(wait=wait), **fields).wait == seconds


def test_empty_description_is_plain_http():
    assert judged(503, "busy", (), DescribedDialect()).reason == "http_503"
    assert Described(DescribedDialect()).first_frame(b"data: x\n\n").kind == "done"


STREAMING = DescribedDialect(
    code="error.code",
    transient=("busy",),
    refused=("overloaded", "limited"),
    permanent=("quota",),
    ignore=("limited", "fine"),
    wait="$.error.after",
    scope="model",
    streams=True,
    stream_end=("data: [DONE]",),
)


@pytest.mark.parametrize(
    ("code", "verdict", "kind", "reason"),
    [
        ("busy", "failure", "ambiguous", "described_busy"),
        ("overloaded", "failure", "refused", "described_overloaded"),
        ("limited", "ignore", "refused", "described_limited"),
        ("quota", "ignore", "permanent", "described_quota"),
        ("other", "success", "done", "ok"),
        ("fine", "success", "done", "ok"),
    ],
)
def test_the_first_frame_of_a_stream_is_judged_by_the_lists(code, verdict, kind, reason):
    frame = b"data: " + body_of({"error": {"code": code, "after": 2}}) + b"\n\n"
    found = dialect_of(STREAMING).first_frame(frame)
    assert (found.verdict, found.kind, found.reason) == (verdict, kind, reason)
    assert found.wait == (None if kind == "done" else 2.0)
    assert found.scope == ("model" if kind == "refused" else "call")


def test_a_frame_without_a_code_is_judged_as_http_has_it():
    dialect = dialect_of(STREAMING)
    assert dialect.first_frame(b"event: error\ndata: oh\n\n").reason == "sse_error"
    assert dialect.first_frame(b"data: hello\n\n").kind == "done"
    assert dialect.first_frame(b": ping\n\ndata: hel") is None


def test_a_description_says_whether_streams_are_read_and_how_they_end():
    assert dialect_of(STREAMING).streams
    assert b"data:[DONE]" in dialect_of(STREAMING).end_of("/any").lines
    silent = dialect_of(DescribedDialect())
    assert (silent.streams, silent.end_of("/any")) == (False, None)


def test_a_named_dialect_is_found_by_its_name():
    assert dialect_of("gemini").streams
    assert not dialect_of("plain").streams
    assert repr(STREAMING) in repr(dialect_of(STREAMING))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("code", ("code",)),
        ("$.error.code", ("error", "code")),
        ("errors[0].code", ("errors", 0, "code")),
        ("$[0]", (0,)),
        ("$[\"a.b\"]['c'].d-e", ("a.b", "c", "d-e")),
    ],
)
def test_each_form_of_a_path(text, path):
    assert path_of(text) == path


@pytest.mark.parametrize(
    "text", ["", "$", "$.", "a..b", "a[", "a[-1]", "a[*]", "a b", "$code", "[]"]
)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="JSON path"):
        path_of(text)


def test_bad_path_is_refused_when_the_dialect_is_made():
    with pytest.raises(ValueError, match="JSON path"):
        Described(DescribedDialect(wait="$..x"))
