"""Reading `.env` files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.findings.assignment import Assignment, Place, expanded, resolved
from sidecar.core.findings.dotenv import MAX_QUOTED_LINES, read


def values(text):
    return {each.name: each.value for each in resolved(read(text, ".env").assignments)}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  export A = b  ", "b"),
        ("A=", ""),
        ("A", None),
        ("A=b # said", "b"),
        ("A=b#c", "b#c"),
        ("A= # nothing", ""),
        ("A='b # c' # d", "b # c"),
        ('A="b\\n\\"c\\""', 'b\n"c"'),
        ("A=`b`", "b"),
        ("A=b=c", "b=c"),
        ("A='$B'", "$B"),
        ("A=$B", None),
        ("A=${B:-c}", "c"),
    ],
)
def test_a_line_is_read_as_dotenv_does(line, value):
    assert values(line) == {"A": value}


def test_a_quotation_goes_on_over_lines_and_the_lines_after_it_keep_their_numbers():
    found = read('KEY="-----BEGIN\nA=1\n-----END"\nB=2\n', "f")
    assert [(each.name, each.place.line) for each in found.assignments] == [("KEY", 1), ("B", 4)]
    assert found.assignments[0].value == "-----BEGIN\nA=1\n-----END"


def test_what_is_not_understood_is_named_by_its_line_and_never_shown():
    found = read("A=1\nsecret words\nB='secret\nC=3\n", ".env")
    assert [str(each.place) for each in found.unclear] == [".env:2", ".env:3"]
    assert "secret" not in str([each.message for each in found.unclear])
    assert [each.name for each in found.assignments] == ["A", "C"]


def test_a_quotation_that_is_too_long_is_given_up():
    text = "A='" + "x\n" * (MAX_QUOTED_LINES + 2) + "'\n"
    assert read(text, "f").unclear[0].message == "A: a quotation that is not closed"


@pytest.mark.parametrize(
    ("text", "known", "value"),
    [
        ("https://$A.test", {"A": "x"}, "https://x.test"),
        ("${A}", {"A": ""}, ""),
        ("${A:-b}", {"A": ""}, "b"),
        ("${A-b}", {"A": ""}, ""),
        ("${A:+b}", {"A": "x"}, "b"),
        ("${A:+b}", {}, ""),
        ("${A:?needed}", {}, None),
        ("${A}", {"A": None}, None),
        ("$1 ${", {}, "$1 ${"),
    ],
)
def test_references_are_replaced_as_compose_does(text, known, value):
    assert expanded(text, known) == value


def test_a_reference_to_the_variable_itself_means_what_was_assigned_before():
    place = Place("f", 1)
    first, second = Assignment("A", "x", place), Assignment("A", "${A}/y", place)
    assert [each.value for each in resolved((first, second))] == ["x", "x/y"]


def test_a_value_is_not_in_the_repr():
    assert "secret" not in repr(Assignment("A", "secret", Place("f", 1)))


@given(st.text())
def test_any_text_can_be_read(text):
    found = read(text, "f")
    lines = len(text.splitlines())
    assert all(1 <= each.place.line <= lines for each in (*found.assignments, *found.unclear))
