import json

import pytest

from sidecar.core.keys import KeyTemplate, needs_body, parse
from sidecar.core.paths import compile_path
from sidecar.exchange import BytesBody
from tests.support.builders import exchange, request

MESSAGES = compile_path("/{version}/{phone_number_id}/messages")
BODY = b'{"to": "4917012345", "text": {"body": "hi"}, "n": 3, "flag": true}'
HEADERS = [(b"Authorization", b"Bearer secret"), (b"X-Tenant", b"acme")]


def subject(target="/v26.0/123/messages", headers=HEADERS, body=BODY):
    return exchange(request("POST", target, headers=headers, body=body))


def template(text, secret=b"s"):
    return KeyTemplate(text, MESSAGES, secret)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("upstream", "api"),
        ("route", "default"),
        ("upstream+route", "api+default"),
        ("phone_number_id", "123"),
        ("upstream + phone_number_id", "api+123"),
        ("model", None),
        ("header:x-missing", None),
        ("$.nothing", None),
        ("$.text", None),
        ("$.flag", None),
        ("phone_number_id+$.nothing", None),
    ],
)
def test_a_key_is_made_of_the_parts_that_its_template_names(text, key):
    assert template(text).of(subject()) == key


CHAT = compile_path("/{version}/openai/chat/completions")
JSON = [(b"Content-Type", b"application/json; charset=utf-8")]


def of_chat(body, headers=JSON, text="upstream+model"):
    call = subject("/v1beta/openai/chat/completions", headers=headers, body=body)
    return KeyTemplate(text, CHAT, b"s").shortened(call)


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ("gemini-2.5-flash", "api+gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "api+gemini-2.5-flash"),
        ("tunedModels/mine", "api+mine"),
        ("google/gemma:free", "api+google/gemma:free"),
        ("", "api"),
        ("models/", "api"),
        ("a model\n", "api"),
        ("gemini-٣", "api"),
        ("m" * 101, "api"),
        ({}, "api"),
        (None, "api"),
    ],
)
def test_a_model_that_is_not_in_the_path_is_the_one_of_the_body(named, key):
    assert of_chat(json.dumps({"messages": [], "model": named}).encode()) == key


@pytest.mark.parametrize("kind", [None, b"text/plain", b"multipart/form-data"])
def test_a_body_of_another_kind_names_no_model(kind):
    headers = [(b"content-type", kind)] if kind else []
    assert of_chat(b'{"model": "gemini-2.5-flash"}', headers) == "api"


def test_a_model_of_the_path_goes_before_that_of_the_body():
    path = compile_path("/{version}/models/{model}:generateContent")
    call = subject("/v1/models/pro:generateContent", headers=JSON, body=b'{"model": "flash"}')
    assert KeyTemplate("model", path, b"s").of(call) == "pro"


@pytest.mark.parametrize(
    ("text", "expression", "wanted"),
    [
        ("upstream+model", CHAT, True),
        ("phone_number_id+$.to", MESSAGES, True),
        ("upstream + model", compile_path("/{version}/models/{model}:x"), False),
        ("upstream+phone_number_id", MESSAGES, False),
        ("route+credential+header:model", CHAT, False),
    ],
)
def test_it_is_known_which_keys_are_in_the_body(text, expression, wanted):
    assert needs_body(text, expression) is wanted


@pytest.mark.parametrize("text", ["$.to", "$.n", "header:X-Tenant", "credential"])
def test_what_may_name_a_person_or_hold_a_credential_becomes_a_keyed_digest(text):
    key = template(text).of(subject())
    assert key is not None
    assert len(key) == 16
    assert not {"4917012345", "acme", "secret", "3"} & {key}
    assert key == template(text).of(subject())
    assert key != template(text, b"other").of(subject())


def test_a_text_with_half_of_a_surrogate_pair_has_a_key_of_its_own():
    halves = [template("$.to").of(subject(body=b'{"to": "\\ud83%d"}' % each)) for each in (1, 2)]
    assert None not in halves
    assert halves[0] != halves[1]


def test_different_recipients_have_different_keys():
    other = subject(body=BODY.replace(b"4917012345", b"4917099999"))
    pair = template("phone_number_id+$.to")
    assert pair.of(subject()) != pair.of(other)


def test_a_part_that_is_missing_is_left_out_where_a_key_must_exist():
    assert template("upstream+model").shortened(subject()) == "api"


@pytest.mark.parametrize("body", [None, b"", b"[", b"[" * 100_000, b'"text"', b"\xff"])
def test_a_body_that_is_no_object_has_no_key(body):
    assert template("$.to").of(subject(body=body)) is None


def test_a_body_that_is_too_long_is_not_parsed():
    padded = b'{"to": "1", "x": "' + b"x" * 300_000 + b'"}'
    assert template("$.to").of(subject(body=padded)) is None


def test_a_body_is_left_unread():
    body = BytesBody(BODY)
    call = exchange(request("POST", "/v26.0/123/messages", headers=HEADERS))
    call.request = call.request._replace(body=body)
    template("$.to").of(call)
    assert body.take() == BODY


@pytest.mark.parametrize("text", ["upstream+route", "upstream", "route"])
def test_a_template_of_names_is_constant(text):
    assert template(text).constant
    assert not template("credential").constant


@pytest.mark.parametrize("text", ["", "upstream+", "Model", "header:", "header:a b", "$", "$.a b"])
def test_what_is_no_part_is_refused_with_what_would_be_one(text):
    with pytest.raises(ValueError, match="JSON path"):
        parse(text)
