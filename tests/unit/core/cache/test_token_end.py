import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache.model import Plan
from sidecar.core.cache.token import capped, expires_at
from tests.support.builders import request


def jwt(claims):
    parts = [{"alg": "none"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b"c2ln"])


@pytest.mark.parametrize(
    ("headers", "target", "end"),
    [
        ([(b"Authorization", b"Bearer " + jwt({"exp": 50}))], "/", 50),
        ([(b"authorization", jwt({"exp": 50.5}))], "/", 50.5),
        ([(b"apikey", jwt({"exp": 90})), (b"Authorization", jwt({"exp": 50}))], "/", 50),
        ([(b"Cookie", b"a=b; token=" + jwt({"exp": 50}) + b"; c=d")], "/", 50),
        ([(b"Cookie", b"auth=%5B%22" + jwt({"exp": 50}) + b"%22%2C%22x%22%5D")], "/", 50),
        ([(b"X-Auth-Token", jwt({"exp": 50}))], "/", 50),
        ([], "/x?access_token=" + jwt({"exp": 50}).decode() + "&y=1", 50),
        ([], "/x?authorization=Bearer%20" + jwt({"exp": 50}).decode(), 50),
        ([(b"Accept", jwt({"exp": 50}))], "/", None),
        ([(b"Authorization", b"Bearer opaque")], "/", None),
        ([(b"Authorization", jwt({"exp": True}))], "/", None),
        ([(b"Authorization", jwt({"exp": "50"}))], "/", None),
        ([(b"Authorization", jwt({"exp": float("nan")}))], "/", -(2**53)),
        ([(b"Authorization", jwt({"exp": float("inf")}))], "/", 2**53),
        ([(b"Authorization", jwt({"exp": 10**400}))], "/", 2**53),
        ([(b"Authorization", jwt({"exp": -(10**400)}))], "/", -(2**53)),
        ([(b"Authorization", jwt({"sub": "x"}))], "/", None),
        ([(b"Authorization", jwt({"exp": 5}).replace(b".", b"..", 1))], "/", None),
        ([(b"Authorization", b"eyJ.eyJ.x"), (b"apikey", b"eyJh.eyB9.")], "/", None),
    ],
)
def test_the_earliest_end_of_a_token_counts(headers, target, end):
    assert expires_at(request(target=target, headers=headers)) == end


plans = st.builds(
    Plan,
    lifetime=st.floats(0, 1000),
    age=st.floats(0, 1000),
    stale_while=st.floats(0, 1000),
    stale_error=st.floats(0, 1000),
    keep=st.floats(0, 1000),
)


@given(plans, st.integers(-50, 2000))
def test_nothing_outlives_the_token(plan, left):
    asked = request(headers=[(b"Authorization", jwt({"exp": 5000 + left}))])
    found = capped(plan, asked, 5000.0)
    assert (found is None) == (left <= 0)
    if found is not None:
        fresh_until = 5000.0 - found.age + found.lifetime
        longest = max(found.stale_while, found.stale_error, found.keep)
        assert fresh_until + longest <= 5000 + left + 1e-6
        assert found.lifetime <= plan.lifetime
    assert capped(plan, request(), 5000.0) == plan


@given(st.binary())
def test_no_token_makes_it_raise(value):
    expires_at(request(headers=[(b"Authorization", value), (b"Cookie", b"ey.ey" + value + b".")]))
