import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.key_answers import verdict_of, with_other_key
from sidecar.core.key_ring import Choice, KeyRing, Rule
from sidecar.judgement import Judgement

RULE = Rule(cooldown=30.0, max_cooldown=3600.0, set_aside=300.0)


def ring(names="abc", **rule):
    return KeyRing(names, RULE._replace(**rule))


def test_all_calls_use_the_first_key_while_it_is_free():
    keys = ring()
    assert [keys.choose(0.0).number for _ in range(4)] == [0, 0, 0, 0]


def test_calls_take_turns_where_they_are_spread():
    keys = ring(spread=True)
    assert [keys.choose(0.0).number for _ in range(4)] == [0, 1, 2, 0]
    keys.refused(1, 0.0, 5.0)
    assert [keys.choose(1.0).number for _ in range(4)] == [2, 0, 2, 0]


def test_a_refused_key_rests_and_the_next_one_is_used():
    keys = ring()
    keys.refused(0, 0.0, 10.0)
    assert keys.choose(0.0) == Choice(1, 0.0)
    assert keys.choose(9.9) == Choice(1, 0.0)
    assert keys.choose(10.0) == Choice(0, 0.0)


def test_when_all_rest_it_is_the_one_that_is_free_first():
    keys = ring()
    for number, wait in enumerate((20.0, 5.0, 10.0)):
        keys.refused(number, 0.0, wait)
    assert keys.choose(1.0) == Choice(1, 4.0)
    assert keys.soonest_other(1, 1.0) == 9.0
    assert keys.soonest_other(0, 1.0) == 4.0


def test_a_shorter_word_does_not_end_a_longer_rest():
    keys = ring("ab")
    keys.refused(0, 0.0, 20.0)
    keys.refused(0, 1.0, 2.0)
    assert keys.soonest_other(1, 1.0) == 19.0
    keys.refused(0, 2.0, 60.0)
    assert keys.soonest_other(1, 2.0) == 60.0


def test_a_rest_without_a_word_and_one_without_an_end_have_their_own_lengths():
    keys = ring("ab")
    keys.refused(0, 0.0, None)
    assert keys.soonest_other(1, 0.0) == 30.0
    keys.refused(0, 0.0, math.inf)
    assert keys.soonest_other(1, 0.0) == 3600.0


def test_a_lone_key_rests_only_when_it_is_asked_to():
    keys = ring("a")
    keys.refused(0, 0.0, None)
    assert keys.choose(0.0) == Choice(0, 0.0)
    keys.refused(0, 0.0, 3.0)
    assert keys.choose(1.0) == Choice(0, 2.0)
    assert keys.soonest_other(0, 0.0) == math.inf


def test_a_key_rests_for_one_model_only():
    keys = ring("ab")
    keys.refused(0, 0.0, 10.0, "pro")
    assert (keys.choose(0.0, "pro").number, keys.choose(0.0, "flash").number) == (1, 0)
    assert keys.choose(0.0).number == 0
    keys.refused(0, 0.0, 5.0)
    assert keys.choose(4.0, "flash").number == 1


def test_models_are_remembered_within_bounds():
    keys = ring("ab")
    for number in range(1000):
        keys.refused(0, 0.0, 10.0 + number, f"m{number}")
    assert len(keys.snapshot(0.0)[0]["rests_for"]) == 64
    assert keys.choose(0.0, "m999").number == 1
    keys.refused(0, 5000.0, 1.0, "m")
    assert keys.snapshot(5000.0)[0]["rests_for"] == {"m": 1.0}


def test_a_key_that_is_not_accepted_is_set_aside_but_never_the_last():
    keys = ring("abc")
    assert keys.rejected(0, 0.0)
    assert not keys.rejected(0, 1.0)
    assert keys.choose(1.0).number == 1
    assert keys.rejected(1, 1.0)
    assert not keys.rejected(2, 1.0)
    assert keys.choose(1.0) == Choice(2, 0.0)
    assert keys.choose(300.0).number == 0
    assert not ring("a").rejected(0, 0.0)


def test_what_people_see():
    keys = ring("ab")
    keys.refused(0, 0.0, 10.0)
    keys.refused(0, 0.0, 20.0, "pro")
    keys.rejected(1, 0.0)
    assert keys.snapshot(5.0) == [
        {"key": "a", "set_aside_for": 0.0, "rests_for": {"all": 5.0, "pro": 15.0}},
        {"key": "b", "set_aside_for": 295.0, "rests_for": {}},
    ]
    assert repr(keys) == "<KeyRing a, b>"


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["refused", "rejected", "choose"]),
        st.integers(0, 2),
        st.none() | st.floats(0, 100) | st.just(math.inf),
        st.sampled_from(["", "m"]),
        st.floats(0, 50),
    ),
    max_size=40,
)


@given(EVENTS, st.booleans())
def test_there_is_always_a_key_and_a_free_one_is_preferred(events, spread):
    keys, now = ring(spread=spread), 0.0
    for what, number, wait, subject, passed in events:
        now += passed
        if what == "refused":
            keys.refused(number, now, wait, subject)
        elif what == "rejected":
            keys.rejected(number, now)
        choice = keys.choose(now, subject)
        assert 0 <= choice.wait <= 3600.0
        assert keys.soonest_other(choice.number, now, subject) >= choice.wait
        later = keys.choose(now + choice.wait + 1e-6, subject)
        assert later.wait == 0.0
        assert any(key["set_aside_for"] == 0 for key in keys.snapshot(now))


def quota(**more):
    return Judgement("ignore", "refused", "http_429", scope="key")._replace(**more)


@pytest.mark.parametrize(
    ("status", "judgement", "expected"),
    [
        (200, Judgement("success", "done", "ok"), "accepted"),
        (429, quota(), "refused"),
        (429, quota(scope="model"), "refused"),
        (400, quota(scope="recipient"), "accepted"),
        (400, quota(scope="phone_number"), "accepted"),
        (429, quota(kind="permanent", wait=math.inf, scope="model"), "refused"),
        (408, quota(scope="call"), "accepted"),
        (503, Judgement("failure", "refused", "gemini_503", scope="model"), "accepted"),
        (404, Judgement("ignore", "permanent", "http_404"), "accepted"),
        (401, Judgement("ignore", "permanent", "http_401"), "rejected"),
        (402, None, "rejected"),
        (403, Judgement("ignore", "permanent", "http_403"), "rejected"),
        (429, None, "refused"),
        (500, None, "accepted"),
    ],
)
def test_what_an_answer_says_about_its_key(status, judgement, expected):
    assert verdict_of(status, judgement) == expected


@pytest.mark.parametrize(
    ("judgement", "soonest", "expected"),
    [
        (quota(wait=20.0), 0.0, ("refused", 0.0)),
        (quota(wait=20.0), 5.0, ("refused", 5.0)),
        (quota(wait=20.0), 25.0, ("refused", 20.0)),
        (quota(), 0.0, ("refused", 0.0)),
        (quota(), 40.0, ("refused", None)),
        (quota(wait=20.0), math.inf, ("refused", 20.0)),
        (quota(kind="permanent", wait=math.inf), 0.0, ("refused", 0.0)),
        (quota(kind="permanent", wait=math.inf), math.inf, ("permanent", math.inf)),
        (quota(kind="permanent"), 7.0, ("refused", 7.0)),
        (quota(kind="permanent"), math.inf, ("permanent", None)),
    ],
)
def test_another_key_is_worth_a_repetition_where_it_is_free_sooner(judgement, soonest, expected):
    found = with_other_key(judgement, soonest, 30.0)
    assert (found.kind, found.wait) == expected
    assert (found.verdict, found.reason) == (judgement.verdict, judgement.reason)


def test_the_bounds_of_the_same_key_are_not_those_of_another():
    found = with_other_key(quota(wait=9.0, most_attempts=1, growth=4.0), 0.0, 30.0)
    assert (found.most_attempts, found.growth) == (None, 1.0)
