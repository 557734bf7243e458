"""From a file to a configuration."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.loader import ConfigErrors, ConfigNotFound, load, loads

ROOT = Path(__file__).parents[3]
MINIMAL = "upstreams: {a: {url: 'https://x'}}\n"


def test_a_missing_file_is_an_error_and_not_the_defaults(tmp_path):
    with pytest.raises(ConfigNotFound) as caught:
        load(tmp_path / "nope.yaml", env={})
    assert str(caught.value) == f"{tmp_path}/nope.yaml: error: no such file"


def test_a_folder_is_an_error(tmp_path):
    with pytest.raises(ConfigNotFound, match="cannot be read"):
        load(tmp_path, env={})


def test_a_file_of_another_encoding_is_an_error_with_its_place(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigErrors, match=r"f\.yaml:2:7: error: not UTF-8"):
        load(file, env={})


def test_a_byte_order_mark_is_ignored(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load(file, env={}).config.upstreams["a"].url == "https://x"


def test_files_are_found_relative_to_the_configuration(tmp_path):
    (tmp_path / "url").write_text("https://y\n")
    (tmp_path / "f.yaml").write_text("upstreams: {a: {url: '${file:url}'}}")
    assert load(tmp_path / "f.yaml", env={}).config.upstreams["a"].url == "https://y"


def test_the_environment_of_the_process_is_the_default(monkeypatch):
    monkeypatch.setenv("SIDECAR__DRAIN_TIMEOUT", "7s")
    assert loads(MINIMAL).config.drain_timeout == 7.0


@pytest.mark.parametrize("name", ["sidecar.yaml", "reference.yaml"])
def test_the_shipped_files_load_with_an_empty_environment(name):
    assert load(ROOT / "config" / name, env={}).warnings == ()


def test_the_shipped_configuration_has_the_timeouts_it_promises():
    upstreams = load(ROOT / "config" / "sidecar.yaml", env={}).config.upstreams
    routes = {
        (name, route.name): route.timeouts
        for name, upstream in upstreams.items()
        for route in upstream.routes
    }
    assert routes["gemini", "stream"].first_byte == 15
    assert routes["gemini", "generate"].first_byte == 600
    assert routes["supabase", "auth"].total == 5
    assert routes["supabase", "rest"].total == 10
    assert routes["supabase", "storage"].first_byte == 30
    assert routes["whatsapp", "messages"].total == 10
    assert upstreams["whatsapp-media"].timeouts.first_byte == 30
    assert {upstream.pool.max_connections for upstream in upstreams.values()} == {100}


def test_every_value_has_an_origin():
    found = loads(MINIMAL + "listen: {proxy: ['h:1', 'h:2']}\n", name="f", env={})
    assert str(found.origins["upstreams", "a", "url"]) == "f:1:22"
    assert str(found.origins["upstreams", "a", "pool", "idle"]) == "default"
    assert str(found.origins["listen", "proxy", 1]) == "f:2:25"
    assert str(found.origins["limits", "max_body"]) == "default"


def test_three_hundred_upstreams_load_fast():
    one = "  u{}:\n    preset: gemini\n    url: https://x{}\n    hosts: [h{}.test]\n"
    text = "upstreams:\n" + "".join(one.format(n, n, n) for n in range(300))
    loads(MINIMAL, env={})  # builds the validator
    started = time.process_time()
    assert len(loads(text, env={}).config.upstreams) == 300
    assert time.process_time() - started < 3


KEYS = st.sampled_from(
    ["upstreams", "a", "url", "preset", "routes", "name", "match", "path", "timeouts", "total",
     "listen", "proxy", "tls", "hosts", "key", "x"]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["supabase", "10s", "https://x", "${A}", "${B", "127.0.0.1:1", "/**", "r"])
)  # fmt: skip
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_mapping_loads_or_says_why_not(tree):
    check(yaml.safe_dump(tree, allow_unicode=True))


@given(st.fixed_dictionaries({"upstreams": st.dictionaries(KEYS, TREES), "listen": TREES}))
def test_any_upstreams_load_or_say_why_not(tree):
    check(yaml.safe_dump(tree, allow_unicode=True))


@given(st.text() | st.text(alphabet="ab:{}[]-?&*!|>'\"#% \n\t$,", max_size=40))
def test_any_text_loads_or_says_why_not(text):
    check(text)


@given(st.dictionaries(st.text(alphabet="ABLISTEN_PROXYU", max_size=20), st.text(max_size=5)))
def test_any_environment_loads_or_says_why_not(variables):
    check(MINIMAL, {f"SIDECAR__{name}": text for name, text in variables.items()})


def check(text, env=None):
    try:
        found = loads(text, env={"A": "x", **(env or {})}).warnings
    except ConfigErrors as errors:
        found = errors.problems
        severities = {problem.severity for problem in found}
        if "error" not in severities:
            pytest.fail("refused without an error")
    assert all("\n" not in str(problem) for problem in found)


def test_a_status_is_a_key_without_quotes():
    found = loads(
        "upstreams: {a: {url: 'https://x', cache: {negative: {404: 30s, '401': 5s}}}}", env={}
    )
    assert found.config.upstreams["a"].cache.negative == {404: 30.0, 401: 5.0}
    path = ("upstreams", "a", "cache", "negative", 404)
    assert str(found.origins[path]) != "default"
