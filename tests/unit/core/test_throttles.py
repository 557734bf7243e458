import pytest

from sidecar.core.keys import parse
from sidecar.core.throttles import concerned, is_throttle, narrowness
from sidecar.judgement import Judgement

NUMBER, PAIR, TO, KEY, MODEL, WHOLE, TENANT = map(
    parse,
    (
        "phone_number_id", "phone_number_id+$.to", "$.to", "credential", "credential+model",
        "upstream", "header:x-tenant",
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "keys", "numbers"),
    [
        ("recipient", (PAIR, TO, NUMBER, WHOLE), (0, 1)),
        ("recipient", (NUMBER, WHOLE), ()),
        ("phone_number", (PAIR, NUMBER, WHOLE), (1,)),
        ("phone_number", (PAIR, WHOLE), ()),
        ("model", (MODEL, KEY, WHOLE), (0,)),
        ("model", (KEY, WHOLE), (1,)),
        ("key", (KEY, MODEL, WHOLE), (0, 1)),
        ("key", (PAIR, NUMBER, WHOLE), (2,)),
        ("key", (PAIR, NUMBER), (1,)),
        ("key", (parse("header:x-goog-api-key"), TENANT), (0,)),
        ("key", (TENANT, TO), (0,)),
        ("call", (KEY, WHOLE), ()),
    ],
)
def test_whom_a_throttle_is_for(scope, keys, numbers):
    assert concerned(scope, keys) == numbers


@pytest.mark.parametrize(
    ("judgement", "throttle"),
    [
        (Judgement("ignore", "refused", "http_429", scope="key"), True),
        (Judgement("ignore", "refused", "graph_131056", 1.0, "recipient", None, 4.0), True),
        (Judgement("ignore", "refused", "http_408"), False),
        (Judgement("failure", "refused", "gemini_503", scope="model"), False),
        (Judgement("ignore", "permanent", "graph_131048", scope="phone_number"), False),
    ],
)
def test_what_is_a_throttle(judgement, throttle):
    assert is_throttle(judgement) is throttle


def test_narrow_keys_come_first_and_the_slower_of_two():
    paces = [(WHOLE, 0.5), (NUMBER, 80.0), (TO, 0.125), (PAIR, 80.0)]
    assert sorted(paces, key=lambda each: narrowness(*each)) == [
        (PAIR, 80.0), (TO, 0.125), (NUMBER, 80.0), (WHOLE, 0.5),
    ]  # fmt: skip
