import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.json_path import steps_of
from sidecar.core.json_spans import Swap, strings_at, swapped

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["url", "a", "", "b\\c", 'q"']), inner, max_size=4)
    ),
    max_leaves=20,
)
STEPS = st.lists(
    st.sampled_from(["url", "a", "", "b\\c", 'q"', 0, 1, None]), min_size=1, max_size=4
).map(tuple)


def at(value, path):
    """What is at a path: an independent reading of the parsed value."""
    if not path:
        return [value] if isinstance(value, str) else []
    step, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(step, str):
        inner = [value[step]] if step in value else []
    elif isinstance(value, list) and step is None:
        inner = value
    elif isinstance(value, list) and isinstance(step, int):
        inner = value[step : step + 1]
    else:
        inner = []
    return [found for each in inner for found in at(each, rest)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$.url", ("url",)),
        ("$.paging.next", ("paging", "next")),
        ("$.data[*].url", ("data", None, "url")),
        ("$[*]", (None,)),
        ('$["a.b"][12]', ("a.b", 12)),
        ("$['a'].b-c", ("a", "b-c")),
    ],
)
def test_paths(text, steps):
    assert steps_of(text) == steps


@pytest.mark.parametrize("text", ["", "$", "url", "$url", "$.", "$[x]", "$.a b", "$..a"])
def test_what_is_no_path(text):
    with pytest.raises(ValueError, match="JSON path"):
        steps_of(text)


@given(VALUES, st.lists(STEPS, max_size=3), st.booleans(), st.sampled_from([None, 1]))
def test_the_strings_found_are_those_of_the_parsed_value(value, paths, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    found = strings_at(text, paths)
    wanted = [each for path in dict.fromkeys(paths) for each in at(value, path)]
    for literal in found:
        assert json.loads(text[literal.start : literal.end]) == literal.value
    assert {each.value for each in found} == set(wanted)
    assert len({each.start for each in found}) == len(found)


@given(VALUES, st.lists(STEPS, max_size=3), st.booleans())
def test_only_the_beginning_of_those_strings_changes(value, paths, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    new, count = swapped(text, paths, lambda each: Swap(min(2, len(each)), "NEW"))
    literals = strings_at(text, paths)
    assert count == len(literals)
    left, rest = text, new
    for before, after in zip(literals, strings_at(new, paths), strict=True):
        assert after.value == "NEW" + before.value[2:]
        assert before.value[2:] == "" or new[after.end - 2] == text[before.end - 2]
    for each in reversed(literals):
        left = left[: each.start] + left[each.end :]
    for each in reversed(strings_at(new, paths)):
        rest = rest[: each.start] + rest[each.end :]
    assert left == rest


@given(st.text(), VALUES)
def test_no_text_at_all_makes_it_fail(text, value):
    for each in (text, json.dumps(value)[:-1], json.dumps(value) + text):
        found = swapped(each, [("url",), (None, "url")], lambda _: None)
        assert found is None or found == (each, 0)


def swap_host(value):
    host = "https://host"
    return Swap(len(host), "http://127.0.0.1/api") if value.startswith(host) else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r'{"url":"https:\/\/host\/a\/b?x=\u0026"}',
         r'{"url":"http:\/\/127.0.0.1\/api\/a\/b?x=\u0026"}'),
        (r'{ "url" : "https://host/a\/b" }', r'{ "url" : "http://127.0.0.1/api/a\/b" }'),
        (r'{"url":"\u0068ttps://ho\u0073t/é\u00e9\ud83d\ude00"}',
         r'{"url":"http://127.0.0.1/api/é\u00e9\ud83d\ude00"}'),
        (r'{"\u0075rl":"https://host"}', r'{"\u0075rl":"http://127.0.0.1/api"}'),
        ('{"url":"https://host/1","url":"https://host/2"}',
         '{"url":"http://127.0.0.1/api/1","url":"http://127.0.0.1/api/2"}'),
        ('{"x":{"url":"https://host/1"},"url":"https://other/"}', None),
        ('["https://host/1"]', None),
        ('{"url":["https://host/1"]}', None),
        ('\n{"n":1e400,"url":"https://host"}\n', '\n{"n":1e400,"url":"http://127.0.0.1/api"}\n'),
    ],
)  # fmt: skip
def test_only_the_replaced_bytes_differ(before, after):
    new, count = swapped(before, [("url",)], swap_host)
    assert new == (before if after is None else after)
    assert count == (0 if after is None else after.count("127.0.0.1"))


def test_a_long_text_of_many_values_is_read_in_one_pass():
    rows = [{"id": n, "t": 'a "quoted" \\ text', "l": [[], {}, [1, {"x": 2}]]} for n in range(5000)]
    text = json.dumps({"data": rows, "paging": {"next": "https://host/n"}})
    new, count = swapped(text, [("paging", "next")], swap_host)
    assert (new, count) == (text.replace("https://host", "http://127.0.0.1/api"), 1)


def test_what_is_too_deep_is_left_alone():
    assert swapped("[" * 100_000 + "]" * 100_000, [(None,)], swap_host) is None
