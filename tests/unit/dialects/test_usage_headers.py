import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.usage import Usage, fields_in, usage_in

BUSINESS = {
    "102290129340398": [
        {"type": "whatsapp", "call_count": 28, "total_cputime": 25, "total_time": 12,
         "estimated_time_to_regain_access": 0},
        {"type": "messenger", "call_count": 95, "total_cputime": 1, "total_time": 1,
         "estimated_time_to_regain_access": 19},
    ],
    "66782684": [{"type": "ads_insights", "call_count": 3}],
}  # fmt: skip


def read(*headers):
    return usage_in(fields_in(list(headers)))


def test_metas_percentages_of_the_app():
    value = b'{"call_count":28,"total_time":25,"total_cputime":110}'
    assert read((b"x-app-usage", value)) == Usage(
        {"app_calls": 0.28, "app_cputime": 1.1, "app_time": 0.25}, {}, None
    )


def test_metas_percentages_of_the_fullest_business_case_and_its_minutes():
    value = json.dumps(BUSINESS).encode()
    assert read((b"X-Business-Use-Case-Usage", value)) == Usage(
        {"business_calls": 0.95, "business_cputime": 0.25, "business_time": 0.12}, {}, 1140.0
    )


@pytest.mark.parametrize(
    ("headers", "ratio", "remaining"),
    [
        # draft-ietf-httpapi-ratelimit-headers-03
        ([(b"RateLimit-Limit", b"100, 100;w=60"), (b"RateLimit-Remaining", b"25"),
          (b"RateLimit-Reset", b"30")], {"requests": 0.75}, {"requests": 25}),
        # -07
        ([(b"RateLimit", b"limit=100, remaining=40, reset=50")],
         {"requests": 0.6}, {"requests": 40}),
        # -10
        ([(b"RateLimit-Policy", b'"default";q=100;w=10'), (b"RateLimit", b'"default";r=50;t=30')],
         {"requests": 0.5}, {"requests": 50}),
        # -10, two quotas: the one of which less is left, with its own size
        ([(b"RateLimit-Policy", b'"burst";q=10;w=1, "daily";q=1000;w=86400'),
          (b"RateLimit", b'"burst";r=9;t=1,"daily";r=1;t=3600')],
         {"requests": 0.999}, {"requests": 1}),
        ([(b"RateLimit", b'"default";r=50;t=30')], {}, {"requests": 50}),
        # usual
        ([(b"X-RateLimit-Limit", b"60"), (b"X-RateLimit-Remaining", b"0"),
          (b"X-RateLimit-Reset", b"1700000000")], {"requests": 1.0}, {"requests": 0}),
        # OpenAI's
        ([(b"x-ratelimit-limit-requests", b"60"), (b"x-ratelimit-remaining-requests", b"59"),
          (b"x-ratelimit-limit-tokens", b"150000"), (b"x-ratelimit-remaining-tokens", b"75000"),
          (b"x-ratelimit-reset-tokens", b"6m0s")],
         {"requests": pytest.approx(1 / 60), "tokens": 0.5}, {"requests": 59, "tokens": 75000}),
        # a limit alone says nothing about use
        ([(b"X-RateLimit-Limit", b"60")], {}, {}),
        ([(b"X-RateLimit-Limit", b"0"), (b"X-RateLimit-Remaining", b"0")], {}, {"requests": 0}),
        ([(b"X-RateLimit-Limit", b"10"), (b"X-RateLimit-Remaining", b"20")],
         {"requests": 0.0}, {"requests": 20}),
    ],
)  # fmt: skip
def test_rate_limit_fields(headers, ratio, remaining):
    assert read(*headers) == Usage(ratio, remaining, None)


@pytest.mark.parametrize(
    "header",
    [
        (b"x-app-usage", b""),
        (b"x-app-usage", b"[1]"),
        (b"x-app-usage", b'{"call_count":"28"}'),
        (b"x-app-usage", b'{"call_count":NaN,"total_time":-1,"total_cputime":true}'),
        (b"x-app-usage", b'{"call_count":1' + b"0" * 400 + b"}"),
        (b"x-app-usage", b" " * 20000 + b'{"call_count":1}'),
        (b"x-business-use-case-usage", b'{"1":{"call_count":1},"2":[[]],"3":null}'),
        (b"x-business-use-case-usage", b"[" * 5000),
        (b"ratelimit", b'"default"'),
        (b"ratelimit-remaining", b"-1"),
        (b"ratelimit-remaining", b"9" * 100),
        (b"x-ratelimit-remaining", b"unlimited"),
    ],
)
def test_what_cannot_be_read_says_nothing(header):
    assert read(header) == Usage({}, {}, None)


def test_other_fields_are_not_looked_at():
    headers = [
        (b"Content-Type", b"application/json"), (b"X-FB-Trace-ID", b"x"), (b"Transfer-Encoding",
        b"chunked"), (b"x-request-id", b"1"), (b"r" * 11, b"1"), (b"", b""),
    ]  # fmt: skip
    assert fields_in(headers) == []


NAMES = st.sampled_from(
    [b"X-App-Usage", b"X-Business-Use-Case-Usage", b"RateLimit", b"RateLimit-Policy",
     b"RateLimit-Limit", b"RateLimit-Remaining", b"x-ratelimit-remaining-tokens"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["call_count", "total_time", "estimated_time_to_regain_access", "1"]),
        inner, max_size=3,
    ),
)  # fmt: skip
VALUES = (
    st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.text('";=,qr limtremaining0159', max_size=40).map(str.encode)
)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_whatever_a_header_holds_the_figures_are_in_range(headers):
    usage = read(*headers)
    assert all(0 <= ratio <= 10 for ratio in usage.ratio.values())
    assert all(0 <= count <= 1e15 for count in usage.remaining.values())
    assert usage.regain is None or 0 <= usage.regain <= 60e15
