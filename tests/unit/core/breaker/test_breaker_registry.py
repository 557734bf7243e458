import pytest

from sidecar.config.breaker import Breaker as Config
from sidecar.core.breaker import Breakers, BreakerSet
from sidecar.core.breaker import registry as subject


def breakers_of(upstream="api", told=None, **config):
    def notify(key, transition):
        if told is not None:
            told.append((key, transition.after))

    return BreakerSet(upstream, Config(**config), lambda: 0.0, now=0.0, notify=notify)


def fail(breaker, now=0.0):
    for _ in range(5):
        breaker.admit(now, safe=True).settle("failure", now)


def test_the_failures_of_one_key_leave_the_others_alone():
    told = []
    breakers = breakers_of(key="upstream+model", told=told)
    fail(breakers.at("api+one", 0.0))
    assert [breakers.at(f"api+{key}", 0.0).state for key in ("one", "two")] == ["open", "closed"]
    assert told == [("api+one", "open")]


def test_a_breaker_of_the_upstream_as_a_whole_is_there_before_the_first_call():
    assert [key for key, _ in breakers_of()] == ["api"]
    assert list(breakers_of(key="upstream+model")) == []


def test_the_number_of_breakers_is_bounded(monkeypatch):
    monkeypatch.setattr(subject, "_MOST_KEYS", 10)
    breakers = breakers_of(key="$.to")
    for number in range(100):
        fail(breakers.at(f"open-{number}", 0.0))
    assert len(list(breakers)) == 100  # what is open is not forgotten…
    for number in range(100):
        breakers.at(f"later-{number}", 1000.0)
    assert len(list(breakers)) == 10  # …unless nobody has asked for long
    assert all(key.startswith("later") for key, _ in breakers)


def test_a_closed_breaker_with_a_failure_or_two_is_forgotten(monkeypatch):
    monkeypatch.setattr(subject, "_MOST_KEYS", 10)
    breakers = breakers_of(key="$.to")
    for number in range(100):
        breakers.at(f"{number}", 0.0).admit(0.0, safe=True).settle("failure", 0.0)
    assert len(list(breakers)) == 10


def test_one_that_is_waited_for_forced_or_busy_is_not_forgotten(monkeypatch):
    monkeypatch.setattr(subject, "_MOST_KEYS", 1)
    breakers = breakers_of(key="$.to")
    breakers.at("busy", 0.0).admit(0.0, safe=True)
    breakers.at("forced", 0.0).force("observe", 1e6, "", 0.0)
    breakers.at("other", 500.0)
    breakers.at("another", 500.0)
    assert [key for key, _ in breakers] == ["busy", "forced", "another"]


def test_a_recovered_one_may_be_forgotten_after_its_ramp():
    breaker = breakers_of().at("api", 0.0)
    fail(breaker)
    breaker.admit(0.25, safe=True).settle("success", 0.25)
    assert [breaker.is_at_rest(now) for now in (0.3, 1.3)] == [False, True]


def test_long_keys_are_cut():
    breakers = breakers_of(key="$.to")
    breakers.at("x" * 10_000, 0.0)
    assert [len(key) for key, _ in breakers] == [200]


def registry():
    sets = {
        "api": breakers_of(),
        "llm": breakers_of("llm", key="upstream+model"),
    }
    sets["llm"].at("llm+a/b", 0.0)
    return Breakers(sets)


@pytest.mark.parametrize("name", ["api", "api/api", "llm/llm+a/b"])
def test_a_breaker_is_found_by_its_name(name):
    breakers = registry()
    breakers.force(name, "open", 60.0, "drill", 1.0)
    shown = {each["name"]: each["state"] for each in breakers.snapshots(2.0)}
    expected = {"api/api": "closed", "llm/llm+a/b": "closed"}
    expected["api/api" if name == "api" else name] = "forced_open"
    assert shown == expected
    breakers.reset(name, 3.0)
    assert {each["state"] for each in breakers.snapshots(3.0)} == {"closed"}


@pytest.mark.parametrize("name", ["", "/", "llm", "llm/", "other", "api/other"])
def test_a_name_that_nobody_has_is_an_error(name):
    with pytest.raises(LookupError, match="no breaker is called"):
        registry().force(name, "open", 60.0, "", 0.0)


def test_those_of_one_upstream_can_be_listed():
    assert [each["name"] for each in registry().snapshots(0.0, "llm")] == ["llm/llm+a/b"]
    assert registry().snapshots(0.0, "other") == []


def test_one_upstream_is_shown_without_a_look_at_the_breakers_of_all_others(monkeypatch):
    breakers, looks = registry(), []
    each = subject.BreakerSet.__iter__
    monkeypatch.setattr(
        subject.BreakerSet, "__iter__", lambda self: looks.append(self.upstream) or each(self)
    )
    assert breakers.snapshots(0.0, "llm")
    assert looks == ["llm"]
