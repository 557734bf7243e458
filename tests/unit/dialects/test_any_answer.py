import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config import DescribedDialect
from sidecar.dialects import DIALECTS, Described
from sidecar.dialects.cloudflare import sentence
from sidecar.judgement import Judgement
from tests.support.dialects import WALL

ALL = {
    **DIALECTS,
    "described": Described(
        DescribedDialect(code="error.code", wait="$.error.details[0].retryDelay", refused=("429",))
    ),
}
NAMES = ["error", "code", "details", "retryDelay", "violations", "quotaId", "is_transient", "x"]
WORDS = ["PGRST003", "40001", "57014", "46s", "PerDay", "9h", "<", ""]
LEAVES = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=8)
    | st.sampled_from([1, 4, 429, 500, 503, 504, 131056, 10**400, -1])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode())
ERRORS = VALUES.map(lambda value: json.dumps({"error": value}).encode())
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"Content-Encoding",
                b"Content-Type",
                b"Retry-After",
                b"retry-after-ms",
                b"X-Business-Use-Case-Usage",
                b"Proxy-Status",
                b"CF-RAY",
            ]
        ),
        st.sampled_from([b"gzip", b"deflate", b"br", b"text/html", b"5", b'{"a": [{}]}'])
        | st.binary(max_size=20),
    ),
    max_size=4,
)
STATUSES = st.integers(0, 1200) | st.sampled_from([429, 500, 503, 521, 530, 540, 544])
KINDS = {
    "success": {"done"},
    "failure": {"refused", "ambiguous", "permanent"},
    "ignore": {"refused", "ambiguous", "permanent"},
}


def is_sound(found):
    """What holds for every judgement: no response proves that no byte was sent."""
    assert isinstance(found, Judgement)
    assert found.kind in KINDS[found.verdict]
    assert found.kind != "never_sent"
    assert found.wait is None or found.wait >= 0
    assert found.reason.isascii()
    assert len(found.reason) <= 32
    return True


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=150)
@given(
    method=st.sampled_from(["GET", "POST", ""]),
    status=STATUSES,
    headers=HEADERS,
    body=BODIES | ERRORS,
)
def test_any_answer_has_a_judgement(name, method, status, headers, body):
    found = ALL[name].judge(method, status, headers, body, WALL)
    assert is_sound(found)
    assert (found.kind == "done") is (status < 400)
    said = sentence(status, headers, body)
    assert said is None or said.isascii()


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=100)
@given(data=BODIES | BODIES.map(lambda body: b"data: " + body + b"\n\n"))
def test_any_stream_can_begin(name, data):
    found = ALL[name].first_frame(data)
    assert found is None or is_sound(found)


@pytest.mark.parametrize("name", ALL)
def test_deep_and_long_bodies_are_survived(name):
    for body in (
        b"[" * 65_536,
        b'{"error":' * 7000,
        b'{"code": ' + b"9" * 60_000 + b"}",
        b"\0" * 65_536,
    ):
        assert is_sound(ALL[name].judge("POST", 500, [], body, WALL))
        assert ALL[name].first_frame(b"data: " + body + b"\n\n") is not None
