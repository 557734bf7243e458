"""State that outlives a configuration."""

from sidecar.parts.kept import Kept


def test_all_who_ask_in_one_configuration_get_the_same():
    kept = Kept()
    one = kept.shared("pool", "api", 1, object)
    assert kept.shared("pool", "api", 1, object) is one
    assert kept.shared("pool", "other", 1, object) is not one
    assert kept.shared("limit", "api", 1, object) is not one


def test_the_next_configuration_finds_what_is_made_of_the_same():
    first = Kept()
    one = first.shared("pool", "api", ("url", 1), object)
    second = Kept(first)
    assert second.shared("pool", "api", ("url", 1), object) is one
    assert second.enter_force() == []


def test_what_is_made_of_other_settings_is_made_anew_and_the_earlier_returned():
    first = Kept()
    one = first.shared("pool", "api", 1, object)
    second = Kept(first)
    assert second.shared("pool", "api", 2, object) is not one
    assert second.earlier("pool", "api") is one
    assert second.enter_force() == [one]
    assert second.earlier("pool", "api") is None


def test_what_nobody_asks_for_any_more_is_returned():
    first = Kept()
    gone = first.shared("pool", "gone", 1, object)
    assert Kept(first).enter_force() == [gone]


def test_figures_stay_whatever_changes_also_when_nobody_asks_for_them_for_a_while():
    first = Kept()
    figures = first.totals("retry", "api", dict)
    second = Kept(first)
    second.enter_force()
    assert Kept(second).totals("retry", "api", dict) is figures


def test_a_configuration_that_is_given_up_takes_nothing_from_the_one_in_force():
    first, changed = Kept(), []
    one = first.shared("pool", "api", 1, object)
    failed = Kept(first)
    failed.shared("pool", "api", 2, object)
    failed.when_in_force(lambda: changed.append(1))
    assert not changed
    later = Kept(first)
    assert later.shared("pool", "api", 1, object) is one
    assert later.enter_force() == []


def test_changes_in_place_are_made_once_when_it_comes_into_force():
    kept, changed = Kept(), []
    kept.when_in_force(lambda: changed.append(1))
    kept.enter_force()
    kept.enter_force()
    assert changed == [1]
