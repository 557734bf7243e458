import json
from http import HTTPStatus
from typing import get_args

import pytest

from sidecar.config import ErrorShape
from sidecar.core.answers import answer, status_of
from sidecar.errors import (
    BadTarget,
    ClientClosed,
    ConnectError,
    DeadlineExceeded,
    NoRoute,
    Rejected,
)
from tests.support.errors import AMBIGUOUS, DOWNSTREAM, ERRORS, MESSAGE, UNSENT

SHAPES = get_args(ErrorShape)
TEXT = "sidecar: " + MESSAGE


def code_of(error):
    return error.code


def fields(error, shape):
    return json.loads(answer(error, shape, "r-1").body.take())


every_error = pytest.mark.parametrize("error", ERRORS, ids=code_of)
every_shape = pytest.mark.parametrize("shape", SHAPES)
of_the_sidecar = pytest.mark.parametrize("error", [*UNSENT, *AMBIGUOUS], ids=code_of)


@every_error
@every_shape
def test_every_error_has_a_complete_answer_in_every_shape(error, shape):
    response = answer(error, shape, "r-1")
    headers = dict(response.headers)
    body = response.body.take()
    assert len(headers) == len(response.headers)
    assert response.source == "sidecar"
    phrases = {413: "Content Too Large"}  # what Python 3.11 calls by its older name
    phrase = phrases.get(response.status, HTTPStatus(response.status).phrase)
    assert response.reason == phrase.encode() != b""
    assert headers[b"Content-Type"] == b"application/json"
    assert headers[b"Content-Length"] == b"%d" % len(body) == b"%d" % response.body.length
    assert headers[b"Cache-Control"] == b"no-store"
    assert headers[b"X-Sidecar-Error"] == error.code.encode()
    assert headers[b"X-Request-Id"] == b"r-1"
    assert body.isascii()
    assert isinstance(json.loads(body), dict)


@every_error
@every_shape
def test_503_says_that_nothing_was_sent_and_when_to_ask_again(error, shape):
    response = answer(error, shape, "r-1")
    headers = dict(response.headers)
    assert (response.status == 503) is (error in UNSENT and shape != "postgrest")
    assert headers.get(b"Retry-After") == (b"1" if response.status == 503 else None)


@pytest.mark.parametrize(
    ("known", "told"),
    [(None, b"1"), (0.0, b"1"), (0.3, b"1"), (2.1, b"3"), (30.0, b"30"), (600.0, b"30")],
)
def test_when_to_ask_again_is_what_is_known_in_whole_seconds_up_to_half_a_minute(known, told):
    refused = Rejected(MESSAGE, code="breaker_open", retry_after=known)
    assert dict(answer(refused, "graph", "r-1").headers)[b"Retry-After"] == told


@pytest.mark.parametrize("error", DOWNSTREAM, ids=code_of)
@every_shape
def test_an_error_of_the_application_has_its_own_status(error, shape):
    assert status_of(error, shape) == error.status != 503


@of_the_sidecar
@every_shape
def test_trouble_that_is_not_the_applications_is_never_a_4xx(error, shape):
    assert status_of(error, shape) in {502, 503, 504}


@pytest.mark.parametrize("error", AMBIGUOUS, ids=code_of)
@every_shape
def test_what_may_have_been_sent_is_502_or_504_by_whether_it_timed_out(error, shape):
    assert status_of(error, shape) == (504 if error.code.endswith("_timeout") else 502)


@pytest.mark.parametrize("error", UNSENT, ids=code_of)
def test_postgrest_clients_never_see_the_503_that_they_would_repeat(error):
    assert status_of(error, "postgrest") == (504 if error.code.endswith("_timeout") else 502)


@every_error
@pytest.mark.parametrize("shape", ["postgrest", "supabase", "generic"])
def test_postgrest_clients_find_their_four_texts(error, shape):
    body = fields(error, shape)
    assert body["code"] == f"SIDECAR_{error.code.upper()}"
    assert body["message"] == TEXT
    assert body["details"] == "request r-1"
    assert body["hint"]


@every_error
def test_supabase_clients_find_their_flat_texts(error):
    body = fields(error, "supabase")
    status = status_of(error, "supabase")
    assert (body["msg"], body["error_code"]) == (TEXT, f"sidecar_{error.code}")
    assert (body["statusCode"], body["error"]) == (str(status), error.code)
    assert all(isinstance(value, str) for value in body.values())


@every_error
@pytest.mark.parametrize("shape", ["graph", "generic"])
def test_graph_clients_find_a_numeric_code_and_a_message_in_error(error, shape):
    body = fields(error, shape)["error"]
    assert body["code"] == status_of(error, shape)
    assert type(body["code"]) is int
    assert (body["message"], body["type"], body["fbtrace_id"]) == (TEXT, "SidecarError", "r-1")


@every_error
@pytest.mark.parametrize("shape", ["graph", "generic"])
def test_a_repetition_is_invited_only_if_nothing_was_sent(error, shape):
    assert fields(error, shape)["error"]["is_transient"] is (error in UNSENT)


@every_error
def test_graph_answers_hold_error_alone(error):
    body = fields(error, "graph")
    assert set(body) == {"error"}
    assert body["error"]["error_data"]["messaging_product"] == "whatsapp"
    assert body["error"]["error_data"]["details"]


@every_error
def test_gemini_clients_find_a_status_of_google_rpc(error):
    body = fields(error, "gemini")
    assert set(body) == {"error"}
    assert body["error"]["code"] == status_of(error, "gemini")
    assert body["error"]["message"] == TEXT
    assert body["error"]["status"] in {
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "DEADLINE_EXCEEDED",
        "UNIMPLEMENTED",
        "UNAVAILABLE",
    }
    (info,) = body["error"]["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (info["reason"], info["domain"]) == (error.code.upper(), "sidecar")
    assert info["metadata"]["requestId"] == "r-1"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConnectError("x", code="dns_error"), "UNAVAILABLE"),
        (BadTarget("x", code="c"), "INVALID_ARGUMENT"),
        (NoRoute("x", code="no_upstream"), "NOT_FOUND"),
        (DeadlineExceeded("x", code="total_timeout"), "DEADLINE_EXCEEDED"),
    ],
)
def test_google_status_follows_the_http_status(error, status):
    assert fields(error, "gemini")["error"]["status"] == status


@pytest.mark.parametrize(
    ("error", "hint"),
    [(DOWNSTREAM[0], "did not leave"), (UNSENT[0], "safely"), (AMBIGUOUS[0], "may have acted")],
    ids=["downstream", "unsent", "ambiguous"],
)
def test_the_hint_says_whether_the_call_may_be_made_again(error, hint):
    assert hint in fields(error, "postgrest")["hint"]


def test_an_odd_request_id_stays_one_header_field():
    headers = dict(answer(UNSENT[0], "generic", "ü-1").headers)
    assert headers[b"X-Request-Id"] == b"?-1"


def test_a_client_that_left_has_an_answer_too():
    assert answer(ClientClosed("x", code="client_closed"), "generic", "r").status == 499
