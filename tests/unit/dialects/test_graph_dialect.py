import math

import pytest

from sidecar.demo.whatsapp.errors import bad_token, no_object, refusal_of
from sidecar.dialects import graph, graph_media
from tests.support.dialects import WALL, body_of


def judged(code, status=400, headers=(), method="POST", **fields):
    body = body_of({"error": {"message": "", "code": code, **fields}})
    return graph.judge(method, status, list(headers), body, WALL)


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
@pytest.mark.parametrize(
    ("code", "verdict", "kind", "wait", "scope"),
    [
        (4, "ignore", "refused", None, "key"),
        (17, "ignore", "refused", None, "key"),
        (32, "ignore", "refused", None, "key"),
        (341, "ignore", "refused", None, "key"),
        (613, "ignore", "refused", None, "key"),
        (80007, "ignore", "refused", None, "key"),
        (130429, "ignore", "refused", None, "phone_number"),
        (131056, "ignore", "refused", 1.0, "recipient"),
        (131057, "ignore", "refused", None, "phone_number"),
        (131064, "ignore", "ambiguous", None, "phone_number"),
        (131048, "ignore", "permanent", None, "phone_number"),
        (131049, "ignore", "permanent", 86_400.0, "call"),
        (133016, "ignore", "permanent", math.inf, "call"),
        (1, "failure", "ambiguous", None, "call"),
        (2, "failure", "ambiguous", None, "call"),
        (131000, "failure", "ambiguous", None, "call"),
        (131016, "failure", "ambiguous", None, "call"),
        (133004, "failure", "ambiguous", None, "call"),
        (100, "ignore", "permanent", None, "call"),
        (190, "ignore", "permanent", None, "call"),
        (368, "ignore", "permanent", None, "call"),
        (131026, "ignore", "permanent", None, "call"),
        (131047, "ignore", "permanent", None, "call"),
        (132001, "ignore", "permanent", None, "call"),
    ],
)
def test_each_code_whatever_the_status(code, verdict, kind, wait, scope, status):
    found = judged(code, status)
    assert found[:5] == (verdict, kind, f"graph_{code}", wait, scope)


def test_only_the_wait_of_a_pair_grows():
    assert {code for code, rule in graph._RULES.items() if rule.growth != 1.0} == {131056}
    assert judged(131056).growth == 4.0


def test_listed_code_is_not_overruled_by_is_transient():
    assert judged(131026, is_transient=True).kind == "permanent"


def test_unlisted_code_is_ambiguous_if_it_is_transient():
    found = judged(99_999, 400, [(b"Retry-After", b"3")], is_transient=True)
    assert found[:4] == ("failure", "ambiguous", "graph_transient", 3.0)


@pytest.mark.parametrize("flag", [False, None, "true", 1])
@pytest.mark.parametrize(
    ("status", "kind"), [(400, "permanent"), (429, "refused"), (500, "ambiguous")]
)
def test_unlisted_code_goes_by_its_status(status, kind, flag):
    found = judged(99_999, status, is_transient=flag)
    assert (found.kind, found.reason) == (kind, "graph_other")


@pytest.mark.parametrize("code", [200, 210, 299])
def test_permission_codes_share_a_reason(code):
    assert judged(code)[:3] == ("ignore", "permanent", "graph_permission")


@pytest.mark.parametrize("code", ["4", True, None, 4.0, [4]])
def test_code_that_is_no_number_is_none(code):
    assert judged(code, 500).reason == "http_500"


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        (b'{"1": [{"type": "whatsapp", "estimated_time_to_regain_access": 19}]}', 1140.0),
        (b'{"1": [{"estimated_time_to_regain_access": 1}, {}], "2": [3], "4": 5}', 60.0),
        (b'{"1": [{"estimated_time_to_regain_access": 0}]}', None),
        (b"[]", None),
        (b"{", None),
    ],
)
def test_throttle_waits_until_access_is_regained(usage, wait):
    assert judged(80007, 429, [(b"X-Business-Use-Case-Usage", usage)]).wait == wait
    assert judged(190, 401, [(b"X-Business-Use-Case-Usage", usage)]).wait is None


@pytest.mark.parametrize(("said", "wait"), [(b"0", 1.0), (b"16", 16.0)])
def test_longest_wait_counts(said, wait):
    assert judged(131056, 429, [(b"Retry-After", said)]).wait == wait


@pytest.mark.parametrize("tail", [130429, 131000, 131016, 131026, 131047, 131048, 131056])
def test_simulator_speaks_this_dialect(tail):
    error = refusal_of(f"33600{tail}")
    found = graph.judge("POST", error.status, [], body_of({"error": error.error}), WALL)
    assert found.reason == f"graph_{tail}"


@pytest.mark.parametrize("error", [bad_token(expired=True), no_object("1")])
def test_bad_token_and_missing_object_are_permanent(error):
    found = graph.judge("GET", error.status, [], body_of({"error": error.error}), WALL)
    assert found.kind == "permanent"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_no_error_of_a_media_download_is_worth_another(status):
    for body in (b"", body_of({"error": {"code": 131000}})):
        found = graph_media.judge("GET", status, [(b"Retry-After", b"1")], body, WALL)
        assert found.kind == "permanent"
    assert graph_media.judge("GET", 206, [], b"", WALL).kind == "done"
