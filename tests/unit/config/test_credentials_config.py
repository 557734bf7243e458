import copy
import json
import pickle

import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.config.credentials import Credentials
from sidecar.config.returned_urls import ReturnedUrls
from sidecar.config.secret import Secret

KEY = "AIzaSyD-very-secret"


def read(**settings):
    return TypeAdapter(Credentials).validate_python(settings)


def refused(model, settings):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(model).validate_python(settings)
    return caught.value.errors(include_url=False, include_input=False, include_context=False)


def test_one_key():
    found = read(header="x-goog-api-key", value=KEY)
    assert [secret.reveal() for secret in found.secrets] == [KEY]
    assert found.titles == ("1",)
    assert (found.overwrite, found.keys_per_call, found.cooldown) == (False, 3, 30.0)


@pytest.mark.parametrize("values", ["a,b", " a\nb\n", ["a", "b"]])
def test_several_keys_are_a_list_or_one_text(values):
    found = read(header="x", values=values, names=["main", "spare"])
    assert [secret.reveal() for secret in found.secrets] == ["a", "b"]
    assert found.titles == ("main", "spare")


@pytest.mark.parametrize(
    "settings",
    [
        {"value": KEY, "values": [KEY], "header": "x"},
        {"value": KEY},
        {"value": KEY, "query": "key", "scheme": "Bearer"},
        {"query": "key", "move_query_key": True},
        {"header": "x", "move_query_key": True},
        {"header": "x", "value": KEY, "names": ["a", "b"]},
        {"header": "x", "values": [KEY, KEY + "2"], "names": ["a", "a"]},
        {"header": "x", "value": KEY + "\r\nX-Evil: 1"},
        {"header": "x", "value": ""},
        {"header": "x", "value": "zwei Wörter " + KEY},
        {"header": "x", "values": [KEY, 5]},
        {"header": "x y", "value": KEY},
        {"header": "x", "scheme": "Bearer ", "value": KEY},
        {"query": "a&b", "value": KEY},
    ],
)
def test_what_does_not_fit_is_refused_without_a_word_of_the_key(settings):
    errors = refused(Credentials, settings)
    assert errors
    assert KEY not in str(errors)
    assert {error["type"] for error in errors} <= {"text", "header_name"}


def test_a_secret_is_shown_nowhere():
    found = read(header="x", values=[KEY], query="key")
    secret = found.secrets[0]
    assert KEY not in f"{found} {found!r} {secret} {secret!r} {[secret]} {found.secrets}"
    assert str(secret) == "***"
    for leak in (json.dumps, pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as caught:
            leak(secret)
        assert KEY not in str(caught.value)


def test_secrets_are_the_same_if_their_values_are():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_returned_urls_have_paths_and_names():
    found = TypeAdapter(ReturnedUrls).validate_python({"json": ["$.data[*].url", "$['a'][0]"]})
    assert found.headers == ("Location", "Content-Location")
    assert found.json == ("$.data[*].url", "$['a'][0]")


@pytest.mark.parametrize("path", ["$", "url", "$.", "$..a", "$[-1]", 5])
def test_what_is_no_path_is_refused(path):
    assert refused(ReturnedUrls, {"json": [path]})[0]["type"] == "json_path"
