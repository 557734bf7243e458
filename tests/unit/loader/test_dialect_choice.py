"""A dialect by name or described: what may be written, and what a mistake is told."""

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.config import DescribedDialect
from sidecar.config.json_path import json_path
from sidecar.core.json_path import path_of
from sidecar.core.routing import RouteTable
from sidecar.loader import ConfigErrors, loads
from sidecar.loader.schema import json_schema
from sidecar.loader.shape import keys_at, located

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
BEFORE = "upstreams:\n  a:\n    url: https://x\n"


def written(dialect, more=""):
    return f"{BEFORE}    dialect: {dialect}\n{more}"


def load(dialect, more="", env=None):
    return loads(written(dialect, more), name="f", env=env or {})


def told(dialect):
    with pytest.raises(ConfigErrors) as caught:
        load(dialect)
    return str(caught.value)


def test_a_name_or_keys_that_describe_one():
    assert load("gemini").config.upstreams["a"].dialect == "gemini"
    described = load(
        "{code: $.error.code, transient: [4, busy], refused: 429, permanent: ['08006'], "
        "ignore: busy, wait: X-Wait-Ms, scope: model, streams: true, stream_end: 'data: [DONE]'}"
    )
    assert described.config.upstreams["a"].dialect == DescribedDialect(
        code="$.error.code",
        transient=("4", "busy"),
        refused=("429",),
        permanent=("08006",),
        ignore=("busy",),
        wait="X-Wait-Ms",
        scope="model",
        streams=True,
        stream_end=("data: [DONE]",),
    )
    assert str(described.origins["upstreams", "a", "dialect", "transient", 1]) == "f:4:50"


@pytest.mark.parametrize(
    ("dialect", "message"),
    [
        ("{cod: error.code}", "4:15: error: upstreams.a.dialect.cod: unknown key (did you mean"),
        ("{xyzzy: 1}", "unknown key; known here: code, transient, refused, permanent, ignore"),
        ("grahp", "4:14: error: upstreams.a.dialect: expected one of plain, postgrest, graph"),
        ("grahp", "or keys and values (did you mean 'graph'?)"),
        ("[graph]", "expected one of plain"),
        ("7", "expected one of plain"),
        ("", "has no value"),
        ("{code: a b}", "4:21: error: upstreams.a.dialect.code: expected a JSON path"),
        ("{code: $}", "expected a JSON path such as error.code"),
        ("{transient: [4, 1.5]}", "4:30: error: upstreams.a.dialect.transient[1]: expected a code"),
        ("{transient: [true]}", "transient[0]: expected a code: a whole number or a text"),
        ("{transient: {a: 1}}", "transient: expected a list"),
        ("{wait: 'a b'}", "expected a JSON path that begins with $, or the name of a header"),
        ("{wait: $..x}", "expected a JSON path"),
        ("{scope: modl}", "expected one of call, key, model, phone_number, recipient"),
        ("{streams: often}", "expected true or false"),
        ("{stream_end: [DONE]}", 'stream_end[0]: expected a line such as "data: [DONE]"'),
        ("{stream_end: 'id: 1'}", "expected a line such as"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(dialect, message):
    assert message in told(dialect)
    assert list(VALIDATOR.iter_errors(yaml.safe_load(written(dialect)))) or "expected" in message


def test_a_mistake_is_told_once():
    assert told("{cod: x}").count("error:") == 1


@pytest.mark.parametrize(
    "dialect",
    ["graph", "${D}", "{code: error.code, transient: [4, busy, '${D}'], refused: 429, wait: $.a}"],
)
def test_editors_accept_what_can_be_loaded(dialect):
    VALIDATOR.validate(yaml.safe_load(written(dialect)))
    load(dialect, env={"D": "plain"})


def test_a_route_overrides_key_by_key_where_both_are_described():
    found = load(
        "{code: error.code, transient: [1]}",
        "    routes:\n"
        "      - {name: r, match: {path: /r}, dialect: {transient: [2]}}\n"
        "      - {name: s, match: {path: /s}, dialect: plain}\n"
        "      - {name: t, readable_errors: false, strict_streams: false}\n",
    )
    by_name = {entry.name: entry for entry in RouteTable.from_config(found.config).routes["a"]}
    assert by_name["r"].config.dialect == DescribedDialect(code="error.code", transient=("2",))
    assert by_name["s"].config.dialect == "plain"
    assert by_name["t"].config.dialect == by_name["default"].config.dialect
    assert not by_name["t"].config.readable_errors
    assert not by_name["t"].config.strict_streams
    assert by_name["default"].config.readable_errors
    assert by_name["default"].config.strict_streams


def test_a_route_inherits_what_its_upstream_switches_off():
    more = "    readable_errors: false\n    strict_streams: false\n    routes: [{name: r}]\n"
    routes = RouteTable.from_config(load("plain", more).config).routes["a"]
    assert not any(entry.config.readable_errors or entry.config.strict_streams for entry in routes)


def test_a_description_takes_the_place_of_a_presets_name():
    text = "upstreams: {a: {preset: gemini, url: 'https://x', dialect: {refused: [503]}}}"
    assert loads(text, env={}).config.upstreams["a"].dialect == DescribedDialect(refused=("503",))


def test_the_environment_can_name_or_describe():
    env = {"SIDECAR__UPSTREAMS__A__DIALECT": "graph"}
    assert loads(BEFORE, env=env).config.upstreams["a"].dialect == "graph"
    env = {
        "SIDECAR__UPSTREAMS__A__DIALECT__TRANSIENT": "4, busy",
        "SIDECAR__UPSTREAMS__A__DIALECT__CODE": "error.code",
    }
    described = DescribedDialect(code="error.code", transient=("4", "busy"))
    assert loads(BEFORE, env=env).config.upstreams["a"].dialect == described


NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_-]{0,5}\Z")
STEPS = (
    NAMES.map(".{}".format)
    | st.integers(0, 10**7).map("[{}]".format)
    | st.sampled_from(["['a.b']", '["c d"]', "[]", "[-1]", "[*]", ".", "..", "x", "$", "[''a]"])
)
PATHS = st.tuples(st.just("$") | NAMES | st.just(""), st.lists(STEPS, max_size=4)).map(
    lambda parts: parts[0] + "".join(parts[1])
)


@given(PATHS | st.text("$.[]'\"a1-_ ", max_size=8))
@example("$code")
@example("[0].x")
@example("a\n")
def test_the_configuration_takes_the_paths_that_the_dialects_can_read(text):
    try:
        path_of(text)
        readable = True
    except ValueError:
        readable = False
    try:
        accepted = json_path(text) == text
    except ValueError:
        accepted = False
    assert accepted is readable


def test_steps_of_pydantic_are_places_in_the_configuration():
    steps = ("upstreams", "a", "dialect", "described", "transient", 0)
    path = ("upstreams", "a", "dialect", "transient", 0)
    assert located(steps) == (path, "described")
    assert located(path[:2]) == (path[:2], None)
    assert located(("upstreams", "a", "dialect", "name")) == (path[:3], "name")
    assert "transient" in keys_at(path[:3])
