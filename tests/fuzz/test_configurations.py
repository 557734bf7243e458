"""Configurations as the schema allows them, and as people damage them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic_core import PydanticCustomError

from sidecar.config.values import (
    duration,
    flag,
    format_duration,
    format_size,
    host,
    size,
    text,
    timeout,
    url,
    whole,
)
from sidecar.core.config_diff import differences
from sidecar.loader import ConfigErrors, loads
from tests.fuzz.budget import few

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "config" / "sidecar.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
SHIPPED = [path.read_text() for path in sorted((ROOT / "config").glob("*.yaml"))]
SECRET = "Zq7_planted_7qZ"
PLACE = re.compile(r"(f\.yaml:\d+:\d+: (error|warning)|preset [a-z-]+: warning): [^\n]+")


def read(text_):
    """The configuration, or what is wrong with it; each with its place."""
    try:
        return loads(text_, name="f.yaml", env={}), []
    except ConfigErrors as errors:
        return None, [str(each) for each in errors.problems]


def of_schema(schema, depth=0):
    """Values that the schema allows, at least roughly."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name == "Variable":
            return st.sampled_from(["${A}", "${A:-1s}", "${B:-x}"])
        return of_schema(SCHEMA["$defs"][name], depth + 1)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([of_schema(each, depth) for each in schema[word]])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return of_object(schema, depth)
    if kind == "array":
        return st.lists(of_schema(schema.get("items", {}), depth + 1), max_size=2)
    return of_scalar(kind, schema)


def of_object(schema, depth):
    known = schema.get("properties", {})
    must = set(schema.get("required", ()))
    inner = {
        name: st.deferred(lambda each=each: of_schema(each, depth + 1))
        for name, each in known.items()
    }
    if depth > 4:
        inner = {name: each for name, each in inner.items() if name in must}
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        names = st.from_regex(
            schema.get("propertyNames", {}).get("pattern", r"^[a-z]{1,5}$"), fullmatch=True
        )
        return st.dictionaries(names, of_schema(rest, depth + 1), min_size=1, max_size=2)
    few_of_them = st.sets(st.sampled_from(sorted(inner)), max_size=3) if inner else st.just(set())
    return few_of_them.flatmap(
        lambda chosen: st.fixed_dictionaries(
            {name: inner[name] for name in inner if name in chosen | must}
        )
    )


def of_scalar(kind, schema):
    least, most = schema.get("minimum", 0), schema.get("maximum", 10**6)
    if kind == "integer":
        return st.integers(int(least), int(most))
    if kind == "number":
        return st.floats(least, most, allow_nan=False)
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    return st.sampled_from(["x", "http://x.test", "/a/**", "$.to", "upstream", "80/s", "a.test"])


@few(60)
@given(of_schema(SCHEMA))
def test_what_the_schema_allows_loads_or_says_why_not(tree):
    written = yaml.safe_dump(tree, allow_unicode=True)
    found, problems = read(written)
    assert all(PLACE.fullmatch(each) for each in problems), problems
    assert found is not None or any(": error: " in each for each in problems)
    if found is not None:
        again, _ = read(written)
        assert again.config == found.config
        assert list(differences(found.config, again.config)) == []
        VALIDATOR.validate(json.loads(json.dumps(tree)))  # what is taken, an editor does not mark


EDITS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["cut", "double", "swap", "word", "indent", "value"]),
        st.sampled_from(
            ["", "x: 1", "- a", "[", "}", "&a", "*a", "!!int 1", "'", '"', "|", "${A}", "~",
             "9" * 30, "-1s", "1e99", "\t", "\u2028", "0x1f", "yes", "? a", "<<: *a", "#", "1ms",
             "null: 1"]
        ),
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


def damaged(written, edits):
    """A text with lines cut out, doubled, swapped, or with another word or value in them."""
    lines = written.splitlines()
    for where, what, word in edits:
        at = int(where * len(lines)) if lines else 0
        line = lines[at] if lines else ""
        if what == "cut":
            lines[at : at + 1] = []
        elif what == "double":
            lines[at:at] = [line]
        elif what == "swap":
            lines[at : at + 2] = lines[at : at + 2][::-1]
        elif what == "word":
            lines[at : at + 1] = [line + " " + word]
        elif what == "indent":
            lines[at : at + 1] = ["  " + line]
        else:
            lines[at : at + 1] = [f"{line.partition(':')[0]}: {word}"]
    return "\n".join(lines)


@few(60)
@given(st.sampled_from(SHIPPED), EDITS)
def test_a_shipped_configuration_that_was_damaged_loads_or_says_where_not(written, edits):
    found, problems = read(damaged(written, edits))
    assert found is not None or problems
    assert all(PLACE.fullmatch(each) for each in problems), problems


@few(60)
@given(st.floats(0, 1, exclude_max=True), st.sampled_from(["{}", "'{}'", "[{}]", "x-{}", "{}: 1"]))
def test_no_problem_shows_a_value(where, form):
    """What stands in the wrong place may be a key: it is never repeated."""
    written = "\n".join(line for line in SHIPPED[-1].splitlines() if ":" in line)
    lines = written.splitlines()
    at = int(where * len(lines))
    key = lines[at].partition(":")[0]
    lines[at] = f"{key}: {form.format(SECRET)}"
    _, problems = read("\n".join(lines))
    as_key = form.endswith(": 1")
    assert as_key or not any(SECRET in each for each in problems), problems


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.lists(
        st.integers(), max_size=2
    )
    | st.text("0123456789.smhdKMGiB:/[]%@-_ ", max_size=16)
)  # fmt: skip


@few(200)
@given(SCALARS, st.sampled_from([duration, timeout, size, whole, flag, text, url, host]))
@example("1e999s", duration)
@example("9" * 400 + "s", duration)
@example("9" * 400 + "KiB", size)
@example("http://[::1", url)
@example("http://x:99999", url)
def test_a_value_is_read_or_refused_in_words(value, reader):
    try:
        found = reader(value)
    except PydanticCustomError as refusal:
        said = str(refusal)
        if isinstance(value, str) and len(value) > 5 and value in said:
            pytest.fail(f"it repeats what may be a secret: {said}")
        return
    if reader in (duration, timeout):
        assert 0 <= found < float("inf")
        assert duration(format_duration(found)) == pytest.approx(found, rel=1e-6, abs=1e-3)
    if reader is size:
        assert size(format_size(found)) == found
