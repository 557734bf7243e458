import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.cache.generations import Generations
from tests.support.costs import cheap


def state(gens, tags, path="/a", upstream="api"):
    return gens.state(tags, upstream, path)


def test_an_answer_is_gone_after_a_change_of_what_it_was_made_from():
    gens = Generations()
    before = gens.now(["t"])
    assert state(gens, before) == "current"
    gens.bump(["other"])
    assert state(gens, before) == "current"
    gens.bump(["t"])
    assert state(gens, before) == "gone"
    assert state(gens, gens.now(["t"])) == "current"


def test_a_read_that_was_sent_before_a_write_is_never_current_after_it():
    gens = Generations()
    sent = gens.now(["t"])
    gens.bump(["t"])
    assert state(gens, sent) == "gone"


def test_a_soft_change_leaves_it_stale_until_a_hard_one():
    gens = Generations()
    before = gens.now(["t"])
    gens.soften(["t"])
    between = gens.now(["t"])
    assert (state(gens, before), state(gens, between)) == ("stale", "current")
    gens.soften(["t"])
    assert (state(gens, before), state(gens, between)) == ("stale", "stale")
    gens.bump(["t"])
    assert (state(gens, before), state(gens, between)) == ("gone", "gone")
    gens.soften(["t"])
    assert state(gens, before) == "gone"


def test_the_worst_of_all_tags_counts():
    gens = Generations()
    before = gens.now(["a", "b"])
    gens.soften(["a"])
    gens.bump(["b"])
    assert state(gens, before) == "gone"


def test_a_ban_meets_the_paths_that_begin_so():
    gens = Generations()
    before = gens.now([])
    gens.ban("api", "/a", soft=False)
    assert state(gens, before, "/a/b") == "gone"
    assert state(gens, before, "/b") == "current"
    assert state(gens, before, "/a", "other") == "current"
    assert state(gens, gens.now([]), "/a") == "current"
    gens.ban("", "", soft=True)
    assert (state(gens, before, "/a"), state(gens, before, "/b")) == ("gone", "stale")


def test_bans_that_are_too_many_become_one_that_is_no_narrower():
    gens = Generations(most_bans=3)
    answers = {}
    for number in range(9):
        answers[f"/p{number}"] = gens.now([])
    for number in range(9):
        gens.ban("api", f"/p{number}", soft=False)
    assert all(state(gens, tags, path) == "gone" for path, tags in answers.items())
    assert state(gens, gens.now([]), "/p1") == "current"
    snapshot = gens.snapshot()
    assert len(snapshot["bans"]) == 3
    assert repr(gens) == "<Generations of 1 tags, 3 bans>"


TAGS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.lists(TAGS, min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["bump", "soften"]), st.lists(TAGS, min_size=1, max_size=3)),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(STEPS, st.integers(1, 4), st.integers(1, 3))
def test_however_little_is_remembered_no_change_is_forgotten(steps, most, most_bans):
    """Against a model that remembers everything: where that says gone or stale, this does too."""
    gens = Generations(most=most, most_bans=most_bans)
    stored = []
    for kind, tags in steps:
        if kind == "store":
            stored.append([gens.now(tags), set(tags), "current"])
            continue
        getattr(gens, kind)(tags)
        for entry in stored:
            if entry[1] & set(tags):
                entry[2] = "gone" if kind == "bump" or entry[2] == "gone" else "stale"
    order = ["current", "stale", "gone"]
    for tags, _, expected in stored:
        assert order.index(state(gens, tags)) >= order.index(expected)
    assert len(gens._current) <= most
    assert len(gens._softened) <= most_bans


@pytest.mark.parametrize("most", [100, 10_000])
def test_with_room_enough_nothing_else_is_dropped(most):
    gens = Generations(most=most)
    tags = gens.now(["mine"])
    for number in range(50):
        gens.bump([f"t{number}"])
    assert state(gens, tags) == "current"


def test_what_a_write_changed_is_written_over_until_it_is_dropped_in_another_way():
    subject = Generations()
    before = subject.now(["t", "u"])
    subject.write(["t"])
    between = subject.now(["t", "u"])
    subject.write(["t"])
    assert subject.state(before, "api", "/") == "written"
    assert subject.state(between, "api", "/") == "written"
    assert subject.state(subject.now(["t"]), "api", "/") == "current"
    subject.bump(["t"])
    assert subject.state(between, "api", "/") == "gone"


def test_the_worst_of_several_changes_counts():
    subject = Generations()
    before = subject.now(["t", "u", "v"])
    subject.soften(["t"])
    assert subject.state(before, "api", "/") == "stale"
    subject.write(["u"])
    assert subject.state(before, "api", "/") == "written"
    subject.bump(["v"])
    assert subject.state(before, "api", "/") == "gone"


def test_what_was_softened_before_a_write_is_gone_and_what_is_softened_after_it_is_stale():
    subject = Generations()
    oldest = subject.now(["t"])
    subject.soften(["t"])
    subject.write(["t"])
    assert subject.state(oldest, "api", "/") == "gone"
    newer = subject.now(["t"])
    subject.soften(["t"])
    assert subject.state(newer, "api", "/") == "stale"


def test_writes_are_remembered_in_bounds():
    subject = Generations(most=2)
    before = subject.now(["a", "b", "c"])
    for tag in "abc":
        subject.write([tag])
    assert len(subject._written) == 2
    assert subject.state(before, "api", "/") == "gone"


def test_a_write_costs_the_same_once_as_many_tags_are_known_as_may_be():
    known = Generations()
    known.write(map(str, range(100_000)))
    with cheap(0.8):
        for number in range(60_000):
            known.write((f"new {number}",))
