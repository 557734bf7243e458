import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sidecar.config.breaker import Breaker
from sidecar.config.key_template import KeyTemplateText
from sidecar.core.keys import parse

READ = TypeAdapter(Breaker)
KEY = TypeAdapter(KeyTemplateText)
PIECES = ("upstream", "route", "x_1", "X", "$", ".a", "[0]", '["q"]', "header:", "a-b", "+", " ")


@pytest.mark.parametrize(
    ("written", "safe", "unsafe"),
    [
        ({}, 4.0, 8.0),
        ({"hold": "1s"}, 1.0, 2.0),
        ({"hold": "0s"}, 0.0, 0.0),
        ({"hold_unsafe": "1s"}, 4.0, 1.0),
        ({"hold_unsafe": "0s"}, 4.0, 0.0),
    ],
)
def test_what_must_not_fail_waits_twice_as_long_unless_told_otherwise(written, safe, unsafe):
    breaker = READ.validate_python(written)
    assert (breaker.hold_of(safe=True), breaker.hold_of(safe=False)) == (safe, unsafe)


def test_the_documented_example_is_read():
    written = {
        "consecutive": 5,
        "failure_rate": 0.5,
        "min_calls": 6,
        "window": "10s",
        "open": "250ms",
        "max_open": "60s",
        "hold": "4s",
    }
    assert READ.validate_python(written) == Breaker()


@pytest.mark.parametrize(
    "written",
    [
        {"failure_rate": 2},
        {"open_growth": 0.5},
        {"open": "0s"},
        {"hold": 4},
        {"key": ""},
        {"key": "Upstream"},
        {"key": ["upstream"]},
        {"probes": 0},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(written):
    with pytest.raises(ValidationError):
        READ.validate_python(written)


def test_what_a_key_may_be_is_said_where_one_is_refused():
    with pytest.raises(ValidationError, match=r"expected upstream, route, credential, a name"):
        KEY.validate_python("upstream+X-Tenant")


@given(st.one_of(st.text(max_size=12), st.lists(st.sampled_from(PIECES)).map("".join)))
@example("phone_number_id+$.to")
@example("upstream + model")
@example("header:x-tenant")
@example("$.a[0]['b c']")
@example("$a")
@example("$.a\n")
def test_the_configuration_takes_just_what_can_be_used(text):
    try:
        KEY.validate_python(text)
    except ValidationError:
        with pytest.raises(ValueError, match=r"key|JSON path"):
            parse(text)
    else:
        parse(text)
