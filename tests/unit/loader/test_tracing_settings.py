import pytest
from pydantic import TypeAdapter

from sidecar.config.secret import Secret
from sidecar.config.tracing import Tracing
from sidecar.loader import ConfigErrors, loads
from sidecar.loader.document import parse
from sidecar.loader.propagated import propagated
from sidecar.loader.tree import plain

UPSTREAM = "upstreams: {gemini: {url: 'http://127.0.0.1:1'}}\n"
TOKEN = "Bearer C4nary"  # not a secret


def tracing(text, **env):
    return loads(UPSTREAM + text, env=env).config.tracing


def test_there_are_no_traces_unless_an_endpoint_is_named():
    assert tracing("", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318").endpoint is None


def test_the_endpoint_comes_from_the_variable_that_is_named():
    text = "tracing: {endpoint: '${OTEL_EXPORTER_OTLP_ENDPOINT}'}"
    url = "http://collector:4318"
    assert tracing(text, OTEL_EXPORTER_OTLP_ENDPOINT=url).endpoint == url


def test_headers_are_secret_also_with_a_scheme_before_them():
    found = tracing("tracing: {headers: {Authorization: 'Bearer ${T}'}}", T="C4nary")
    assert found.headers == {"Authorization": Secret(TOKEN)}
    assert "C4nary" not in repr(found)


@pytest.mark.parametrize("value", ["''", '"a\\nb"', "' a'", "é", "7"])
def test_a_value_that_no_field_may_have_is_refused_and_not_shown(value):
    with pytest.raises(ConfigErrors) as caught:
        tracing(f"tracing: {{headers: {{x-key: {value}}}}}")
    assert "expected the value of a header field" in str(caught.value)


@pytest.mark.parametrize("value", ["1.5", "-0.1", "'half'"])
def test_a_share_is_between_nothing_and_all(value):
    with pytest.raises(ConfigErrors):
        tracing(f"tracing: {{sample: {value}}}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", True),
        ("{propagate: false}", False),
        ("{propagate_to: [gemini]}", True),
        ("{propagate_to: [other]}", False),
        ("{propagate: false, propagate_to: [gemini]}", False),
    ],
)
def test_who_is_told_of_the_trace(text, told):
    document, problems = parse(f"tracing: {text}", "<text>")
    assert not problems
    found = TypeAdapter(Tracing).validate_python(plain(document.get("tracing")))
    assert found.goes_to("gemini") is told


def test_an_upstream_that_does_not_exist_is_a_problem_with_a_suggestion():
    root, _ = parse(UPSTREAM + "tracing: {propagate_to: [gemini, gemmini]}", "<text>")
    (problem,) = propagated(root)
    assert problem.path == ("tracing", "propagate_to", 1)
    assert (problem.suggestion, problem.origin.line) == ("gemini", 2)
