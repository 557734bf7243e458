"""By which variables an application is told its base URLs."""

import pytest

from sidecar.core.base_variables import NoSuchVariable, conventional, no_proxy, variables
from sidecar.core.hints import Base, Hint


def hint(name, url=None):
    return Hint(name, (Base(url or f"http://127.0.0.1:8080/{name}", "prefix"),), ())


@pytest.mark.parametrize(
    ("upstream", "preset", "name"),
    [
        ("db", "supabase", "SUPABASE_URL"),
        ("gemini", "gemini", "GOOGLE_GEMINI_BASE_URL"),
        ("graph", "whatsapp", "WHATSAPP_BASE_URL"),
        ("files", "whatsapp-media", None),
        ("my-shop", None, "MY_SHOP_BASE_URL"),
        ("3scale", None, "_3SCALE_BASE_URL"),
    ],
)
def test_an_upstream_has_the_name_of_its_preset_or_its_own(upstream, preset, name):
    assert conventional(upstream, preset) == name


def test_every_preset_that_ships_has_an_entry():
    from typing import get_args

    from sidecar.config.upstream import PresetName
    from sidecar.core.base_variables import BY_PRESET

    assert set(BY_PRESET) == set(get_args(PresetName))


def test_the_variable_that_the_url_was_written_with_goes_to_that_upstream():
    found = variables(
        [hint("old"), hint("new")],
        {"old": "supabase", "new": "supabase"},
        {"old": "LEGACY_URL", "new": "SUPABASE_URL"},
    )
    assert found == {
        "LEGACY_URL": "http://127.0.0.1:8080/old",
        "SUPABASE_URL": "http://127.0.0.1:8080/new",
    }


@pytest.mark.parametrize("name", ["NEXT_PUBLIC_SUPABASE_URL", "VITE_SUPABASE_URL", "SIDECAR__X"])
def test_what_browsers_get_and_what_is_the_sidecars_is_left_alone(name):
    found = variables([hint("db")], {"db": "supabase"}, {"db": name})
    assert found == {"SUPABASE_URL": "http://127.0.0.1:8080/db"}


def test_of_two_upstreams_with_one_name_the_first_has_it():
    found = variables([hint("a"), hint("b")], {"a": "gemini", "b": "gemini"}, {})
    assert found == {"GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:8080/a"}


def test_an_upstream_on_a_unix_socket_has_no_variable():
    assert variables([Hint("db", (), ())], {"db": "supabase"}, {}) == {}


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (["NEXT_PUBLIC_SUPABASE_URL=db"], {"NEXT_PUBLIC_SUPABASE_URL": "", "SUPABASE_URL": ""}),
        (["SUPABASE_URL="], {}),
        (["API=db/rest/v1"], {"API": "/rest/v1", "SUPABASE_URL": ""}),
        (["SUPABASE_URL=", "SUPABASE_URL=db/x"], {"SUPABASE_URL": "/x"}),
    ],
)
def test_what_the_operator_chose_comes_first(chosen, found):
    expected = {name: f"http://127.0.0.1:8080/db{path}" for name, path in found.items()}
    assert variables([hint("db")], {"db": "supabase"}, {}, chosen) == expected


@pytest.mark.parametrize(
    ("choice", "word"),
    [("", ""), ("X", ""), ("=db", ""), ("1X=db", ""), ("A B=db", ""), ("X=other/v1", "other")],
)
def test_a_choice_that_cannot_be_followed_is_refused(choice, word):
    with pytest.raises(NoSuchVariable) as refused:
        variables([hint("db")], {}, {}, [choice])
    assert refused.value.word == word


@pytest.mark.parametrize(
    ("environment", "both"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "a.test, .b.test"}, "a.test,.b.test,127.0.0.1,localhost"),
        ({"no_proxy": "localhost"}, "localhost,127.0.0.1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_is_extended_in_both_spellings(environment, both):
    found = no_proxy(environment, ["http://127.0.0.1:8080/db"])
    assert found == {"NO_PROXY": both, "no_proxy": both}


def test_no_proxy_keeps_what_each_spelling_had_and_names_the_sidecars_host():
    found = no_proxy({"NO_PROXY": "a", "no_proxy": "b"}, ["http://[::1]:80/x", "http://box/y"])
    assert found["NO_PROXY"] == "a,127.0.0.1,localhost,::1,box"
    assert found["no_proxy"] == "b,127.0.0.1,localhost,::1,box"
