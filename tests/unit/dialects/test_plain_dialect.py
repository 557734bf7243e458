import pytest

from sidecar.dialects import plain
from tests.support.dialects import CLOUDFLARE, WALL, page

LATER = [(b"Retry-After", b"7")]


def judged(status, headers=(), body=b""):
    return plain.judge("POST", status, list(headers), body, WALL)


@pytest.mark.parametrize("status", [101, 200, 201, 204, 206, 302, 304])
def test_what_is_no_error_is_done_and_its_body_is_not_read(status):
    assert judged(status, LATER, b'{"error": {"code": 503}}') == plain.DONE
    assert plain.DONE[:2] == ("success", "done")


@pytest.mark.parametrize(
    ("status", "verdict", "kind", "scope"),
    [
        (400, "ignore", "permanent", "call"),
        (401, "ignore", "permanent", "call"),
        (403, "ignore", "permanent", "call"),
        (404, "ignore", "permanent", "call"),
        (408, "ignore", "refused", "call"),
        (409, "ignore", "permanent", "call"),
        (425, "ignore", "refused", "call"),
        (429, "ignore", "refused", "key"),
        (499, "ignore", "permanent", "call"),
        (500, "failure", "ambiguous", "call"),
        (501, "ignore", "permanent", "call"),
        (502, "failure", "ambiguous", "call"),
        (503, "failure", "ambiguous", "call"),
        (504, "failure", "ambiguous", "call"),
        (505, "ignore", "permanent", "call"),
        (507, "failure", "ambiguous", "call"),
        (521, "failure", "ambiguous", "call"),
        (599, "failure", "ambiguous", "call"),
        (999, "failure", "ambiguous", "call"),
    ],
)
def test_each_status(status, verdict, kind, scope):
    found = judged(status)
    assert (found.verdict, found.kind, found.scope) == (verdict, kind, scope)
    assert (found.reason, found.wait, found.most_attempts) == (f"http_{status}", None, None)


@pytest.mark.parametrize(("status", "kind"), [(503, "refused"), (500, "ambiguous")])
def test_only_a_503_that_says_later_is_a_refusal(status, kind):
    found = judged(status, LATER)
    assert (found.verdict, found.kind, found.wait) == ("failure", kind, 7.0)


def test_unusable_retry_after_does_not_make_a_503_a_refusal():
    assert judged(503, [(b"Retry-After", b"soon")]).kind == "ambiguous"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (520, "ambiguous"),
        (521, "refused"),
        (522, "ambiguous"),
        (523, "refused"),
        (524, "ambiguous"),
        (525, "refused"),
        (526, "refused"),
        (530, "refused"),
    ],
)
@pytest.mark.parametrize("shown_by", ["header", "page"])
def test_each_status_of_cloudflare_when_it_is_cloudflare(status, kind, shown_by):
    found = judged(status, CLOUDFLARE) if shown_by == "header" else judged(status, (), page(status))
    assert found[:3] == ("failure", kind, f"cloudflare_{status}")


def test_retry_after_of_cloudflare_is_kept():
    assert judged(521, [*CLOUDFLARE, *LATER]).wait == 7.0


@pytest.mark.parametrize("status", [527, 540, 500])
def test_other_statuses_through_cloudflare_are_judged_as_http(status):
    assert judged(status, CLOUDFLARE, page(status)).reason == f"http_{status}"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", None),
        (b": hello\n\n", None),
        (b"data: x\n", None),
        (b"data: x\n\n", "ok"),
        (b"event: error\ndata: x\n\n", "sse_error"),
        (b": a\r\n\r\nevent: error\r\ndata: {}\r\n\r\n", "sse_error"),
        (b"event: error\n\ndata: x\n\n", "ok"),
        (b"data: x\n\nevent: error\ndata: y\n\n", "ok"),
    ],
)
def test_first_frame_with_data_decides(data, reason):
    found = plain.first_frame(data)
    assert (found and found.reason) == reason
