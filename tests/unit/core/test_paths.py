import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.paths import compile_path

PLAIN = st.text(st.characters(exclude_characters="*{}", exclude_categories=("Cs",)), max_size=12)
SEGMENT = st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1)


def matches(pattern, path):
    return compile_path(pattern).fullmatch(path) is not None


@pytest.mark.parametrize(
    ("pattern", "path", "answer"),
    [
        ("/", "/", True),
        ("/", "//", False),
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a", "/A", False),
        ("/a", "/ab", False),
        ("/a", "x/a", False),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/", False),
        ("/a/*", "/a/b/c", False),
        ("/a/*/c", "/a/b/c", True),
        ("/a/*/c", "/a/b/b/c", False),
        ("/a/x*", "/a/xy", True),
        ("/a/x*", "/a/x", False),
        ("/{v}/models/{model}:generate", "/v1/models/m-2:generate", True),
        ("/{v}/models/{model}:generate", "/v1/models/a/b:generate", False),
        ("/{v}/models/{model}:generate", "/v1/models/:generate", False),
        ("/**", "/", True),
        ("/**", "//ws/x", True),
        ("/**", "/a/b?c", True),
        ("/a/**", "/a", True),
        ("/a/**/z", "/a/z", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/ab", False),
        ("/a/**/z", "/a/b/z", True),
        ("/a/**/z", "/a/b/c/z", True),
        ("/a/**/z", "/a/b", False),
        ("/a/**/z", "/a/bz", False),
    ],
)
def test_pattern_matches_the_whole_raw_path(pattern, path, answer):
    assert matches(pattern, path) is answer


@pytest.mark.parametrize(
    "path",
    ["/a/b%2Fc", "/a/%2e%2e", "/a/uni(1).bin", "/a/;v=1,2@", "/a/é", "/a/x\ny", "/a/\udcff"],
)
def test_a_wildcard_takes_odd_characters_as_they_are(path):
    assert matches("/a/*", path)
    assert matches("/a/{name}", path)
    assert matches("/a/**", path)


@pytest.mark.parametrize("literal", list(".^$*+?()[]|\\ #-&~"))
def test_a_metacharacter_in_a_literal_stands_for_itself(literal):
    if literal == "*":
        return
    assert matches(f"/a{literal}b", f"/a{literal}b")
    assert not matches(f"/a{literal}b", "/ab")
    assert not matches(f"/a{literal}b", "/aab")
    assert not matches(f"/a{literal}b", "/axb")


def test_names_are_captured():
    found = compile_path("/v{version}/{model_1}/*").fullmatch("/v1beta/gemini-2.0/x")
    assert found is not None
    assert found.groupdict() == {"version": "1beta", "model_1": "gemini-2.0"}


@pytest.mark.parametrize("pattern", ["", "a", "*", "**", "{a}", " /a", "//a/{x}/{x}"])
def test_a_broken_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match=r"begins with /|used twice"):
        compile_path(pattern)


@given(PLAIN, PLAIN)
def test_a_literal_pattern_matches_itself_and_nothing_else(pattern, path):
    assert matches("/" + pattern, "/" + path) is (pattern == path)


@given(SEGMENT, SEGMENT)
def test_a_star_is_exactly_one_segment(one, other):
    assert matches("/a/*", "/a/" + one)
    assert not matches("/a/*", f"/a/{one}/{other}")
    assert matches("/a/*/*", f"/a/{one}/{other}")


@given(st.text("/*ab(.1", max_size=12))
def test_compiling_gives_an_expression_or_a_clear_refusal(pattern):
    try:
        expression = compile_path(pattern)
    except ValueError:
        assert not pattern.startswith("/")
    else:
        assert pattern.startswith("/")
        assert expression.fullmatch("") is None or pattern == "/**"
