"""Reading the environments in Compose files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.findings.compose import MAX_ENTRIES, read

TEXT = """\
x-common: &common
  A: from anchor
  B: from anchor
services:
  web:
    image: x
    environment:
      <<: *common
      B: own
      C:
      D: 5
    env_file: web.env
  worker:
    environment:
      - E=e=e
      - F
      - G=pa$$word
    env_file:
      - one.env
      - path: two.env
        required: false
  idle:
    environment:
"""


def test_maps_lists_merge_keys_and_files_are_read():
    found = read(TEXT, "compose.yaml")
    assert [(each.name, each.value, each.place.line) for each in found.assignments] == [
        ("A", "from anchor", 2),
        ("B", "from anchor", 3),
        ("B", "own", 9),
        ("C", None, 10),
        ("D", "5", 11),
        ("E", "e=e", 15),
        ("F", None, 16),
        ("G", "pa$$word", 17),
    ]
    assert found.assignments[-1].literal
    assert [(each.path, each.required, each.place.line) for each in found.files] == [
        ("web.env", True, 12),
        ("one.env", True, 19),
        ("two.env", False, 20),
    ]
    assert found.unclear == ()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("services: [\n", 2, "not valid YAML"),
        ("services: {a: {environment: secret}}", 1, "environment is neither a map nor a list"),
        ("services:\n  a:\n    extends: b\n", 3, "extends is not followed"),
        ("include: [a.yaml]\n", 1, "include is not followed"),
        ("services: {a: {environment: [[secret]]}}", 1, "is no NAME=value"),
        ("services: {a: {env_file: [{}]}}", 1, "env_file names no file"),
    ],
)
def test_what_is_not_understood_is_named_by_its_line(text, line, message):
    (unclear,) = read(text, "c").unclear
    assert unclear.place.line == line
    assert unclear.message.startswith(message)
    assert "secret" not in unclear.message


@pytest.mark.parametrize("text", ["", "services:", "services: []", "- a", "services: {a: b}", "{}"])
def test_a_file_without_an_environment_says_nothing(text):
    found = read(text, "c")
    assert (found.assignments, found.unclear, found.files) == ((), (), ())


def test_aliases_that_multiply_are_given_up():
    levels = ["a0: &a0 {K0: x, K1: x, K2: x, K3: x, K4: x, K5: x, K6: x, K7: x}"]
    levels += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 6)]
    found = read("\n".join([*levels, "services: {s: {environment: *a5}}"]), "c")
    assert f"more than {MAX_ENTRIES} entries" in found.unclear[0].message


def test_a_merge_of_itself_ends():
    found = read("services: {s: {environment: &e {<<: *e, A: b}}}", "c")
    assert {each.name for each in found.assignments} <= {"A"}


def test_what_is_nested_too_deep_is_refused():
    assert read("[" * 20000, "c").unclear


@given(st.text(alphabet="a:-[]{}&*<>\n '\"#!|$=\t0"))
def test_any_text_can_be_read(text):
    read(f"services:\n  a:\n    environment: {text}", "c")
