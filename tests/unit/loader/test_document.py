"""What YAML allows and a reader would not expect is refused, with a place and a way out."""

import pytest

from sidecar.loader import ConfigErrors, loads
from sidecar.loader.document import MAX_DEPTH, MAX_NODES, parse
from sidecar.loader.tree import plain


def read(text):
    root, problems = parse(text, "f")
    return plain(root), [str(problem) for problem in problems]


def refusals(text):
    """The lines about notation, whether there is a tree or not."""
    try:
        return read(text)[1]
    except ConfigErrors as errors:
        return [str(problem) for problem in errors.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("12e3", 12000.0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("2024-01-01", "2024-01-01"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("y", "y"),
        ('"on"', "on"),
        ("'0123'", "0123"),
        ("only", "only"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text, value):
    data, problems = read(f"a: {text}\n")
    assert (data["a"], problems) == (value, [])
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("on", 'write true, or "on"'),
        ("No", 'write false, or "No"'),
        ("1:30", 'such as "90s"'),
        ("0123", "without it"),
        ("1_000", "without them"),
        ("0b11", "in decimal"),
        ("9" * 41, "too long for a number"),
    ],
)
def test_words_that_readers_disagree_about_are_refused(word, advice):
    (line,) = refusals(f"a: {word}\n")
    assert line.startswith("f:1:4: error: a: ")
    assert advice in line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: error: a: duplicate key, first used at line 1"),
        ("a: {b: 1, b: 2}\n", "f:1:11: error: a.b: duplicate key, first used at line 1"),
        ("a: &x 1\n", "f:1:4: error: a: anchors and aliases are not supported"),
        ("a: *x\n", "f:1:4: error: a: anchors and aliases are not supported"),
        ("a: {<<: {b: 1}}\n", "f:1:5: error: a: merge keys are not supported"),
        ("a: !!str 1\n", "f:1:4: error: a: tags are not supported"),
        ("a: !x {b: 1}\n", "f:1:4: error: a: tags are not supported"),
        ("1.5: a\n", "f:1:1: error: a key must be a text: put it in quotes"),
        ("true: a\n", "f:1:1: error: a key must be a text: put it in quotes"),
        ("on: a\n", "f:1:1: error: as a key: 'on' is a truth value to some readers"),
        ("? [a, b]\n: 1\n", "f:1:3: error: a key must be a text, not a list or a mapping"),
        ("*x : 1\n", "f:1:1: error: anchors and aliases are not supported"),
        ("a:\n \tb: 1\n", "f:2:2: error: a tab in the indentation: indent with spaces"),
        ("a: 1\n---\nb: 2\n", "f:2:1: error: a second document begins here"),
        ("- a\n", "f:1:1: error: expected keys and values at the top level"),
        ("a: 1\nb: [1\n", "f:3:1: error: not valid YAML: "),
        ("a: {b: ${X}}\n", "within { } and [ ], put ${…} in quotes"),
        ("a: \x00\n", "f:1:4: error: a character that YAML does not allow"),
        ("a: \ud800\n", "f:1:4: error: a character that YAML does not allow"),
    ],
)
def test_notation_that_misleads_is_refused_at_its_place(text, line):
    found = refusals(text)
    assert len(found) == 1
    assert line in found[0]


def test_what_was_found_before_a_syntax_error_is_kept():
    assert [line.split(": ")[2] for line in refusals("a: on\nb: [1\n")] == ["a", "not valid YAML"]


def test_a_key_after_a_refused_one_is_still_read():
    data, problems = read("? [x]\n: {y: [1]}\nb: 2\n")
    assert data == {"b": 2}
    assert len(problems) == 1


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_depth_is_bounded(opening):
    (line,) = refusals("a:\n  " + opening * 5000)
    assert f"nested over {MAX_DEPTH} deep" in line


def test_the_number_of_values_is_bounded():
    (line,) = refusals("a: [" + "1," * (MAX_NODES + 1) + "]")
    assert f"more than {MAX_NODES} values" in line


def test_the_size_of_the_text_is_bounded():
    (line,) = refusals("#" * 1_000_001)
    assert "over 1000000 characters" in line


def test_an_alias_bomb_is_refused_at_once():
    levels = "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    with pytest.raises(ConfigErrors) as caught:
        loads(f"a0: &a0 x\n{levels}\n", env={})
    assert "anchors and aliases" in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~\n"])
def test_an_empty_file_misses_its_upstreams(text):
    with pytest.raises(ConfigErrors) as caught:
        loads(text, name="f", env={})
    assert str(caught.value) == "f:1:1: error: upstreams: required, but missing"
