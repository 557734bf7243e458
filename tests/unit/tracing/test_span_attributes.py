import pytest

from sidecar.dialects.tokens import Tokens
from sidecar.tracing.attributes import Place, name_of, of_model, of_tokens
from tests.support.builders import exchange, request

JSON = [(b"content-type", b"application/json")]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://api.example.com", ("https://api.example.com", "api.example.com", 443)),
        ("http://[::1]:8000/base/", ("http://[::1]:8000/base", "::1", 8000)),
        ("http://x", ("http://x", "x", 80)),
    ],
)
def test_a_place_is_the_real_upstream(url, place):
    assert Place.of(url) == place


def test_a_base_path_that_is_a_token_is_not_told():
    assert Place.of("https://hooks.example/T0/AIzaSyA1234567890abcdef").url == (
        "https://hooks.example/T0/*"
    )


@pytest.mark.parametrize(
    ("target", "operation", "model"),
    [
        ("/v1beta/models/gemini-2.5-flash:generateContent", "generate_content", "gemini-2.5-flash"),
        ("/v1/models/g:streamGenerateContent?alt=sse&key=k", "generate_content", "g"),
        ("/v1/models/g%3AgenerateContent", "generate_content", "g"),
        ("/v1beta/tunedModels/mine-1:generateContent", "generate_content", "mine-1"),
        ("/v1beta/models/e:embedContent", "embeddings", "e"),
        ("/v1beta/models/e:batchEmbedContents", "embeddings", "e"),
    ],
)
def test_a_call_of_a_model_says_which_and_for_what(target, operation, model):
    assert of_model(exchange(request("POST", target, JSON, b'{"model": "other"}'))) == {
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
    }


@pytest.mark.parametrize(
    "target",
    [
        "/v1beta/models",
        "/v1beta/models/g",
        "/v1beta/models/g:countTokens",
        "/v1beta/files/x",
        "/x?path=/models/g:generateContent",
        f"/v1/models/{'m' * 200}:generateContent",
        "/v1/models/a b:generateContent",
        "/v1beta/openai/models",
        "/v1beta/openai/files",
        "/openai/",
        "/chat/completions",
    ],
)
def test_any_other_call_says_nothing_of_models(target):
    assert of_model(exchange(request("POST", target, JSON, b'{"model": "g"}'))) == {}


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        ("/v1beta/openai/chat/completions", "chat"),
        ("/v1beta/openai/chat/completions?a=b", "chat"),
        ("/v1beta/openai/embeddings", "embeddings"),
    ],
)
def test_a_call_in_openais_words_has_its_model_in_the_body(target, operation):
    assert of_model(exchange(request("POST", target, JSON, b'{"model": "models/g"}'))) == {
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": "g",
    }
    assert of_model(exchange(request("POST", target, JSON, b"{}"))) == {}


def test_tokens_that_are_not_known_are_not_reported():
    assert of_tokens(None) == {}
    assert of_tokens(Tokens(3, 4, 0)) == {
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
    }
    assert of_tokens(Tokens(3, 4, 2))["gen_ai.usage.cache_read.input_tokens"] == 2


@pytest.mark.parametrize(
    ("method", "template", "name"),
    [("GET", "/u/{id}", "GET /u/{id}"), ("GET", "", "GET"), ("BREW", "/x", "HTTP /x")],
)
def test_a_name_has_few_values(method, template, name):
    assert name_of(method, template) == name
