"""What became of a call, by its answer, its error, or its end; and what is said of it."""

import pytest

from sidecar.core.ledger import (
    NOT_DONE,
    UNKNOWN,
    Answer,
)
from sidecar.core.ledger_outcome import (
    of_departure,
    of_error,
    of_response,
    refusal,
    replayed_headers,
)
from sidecar.errors import ConnectError, Rejected, UpstreamReset
from sidecar.judgement import Judgement


@pytest.mark.parametrize(
    ("kind", "status", "plain", "honoured"),
    [
        ("done", 201, "keep", "keep"),
        ("permanent", 400, "keep", "keep"),
        ("permanent", 409, "keep", NOT_DONE),
        ("refused", 429, NOT_DONE, NOT_DONE),
        ("never_sent", 503, NOT_DONE, NOT_DONE),
        ("ambiguous", 500, UNKNOWN, NOT_DONE),
    ],
)
def test_a_response_is_an_outcome_unless_it_says_that_nothing_was_done(
    kind, status, plain, honoured
):
    judgement = Judgement("ignore", kind, "x")
    assert of_response(judgement, status, honoured=False) == plain
    assert of_response(judgement, status, honoured=True) == honoured


@pytest.mark.parametrize(
    ("error", "plain"),
    [
        (ConnectError("x", code="connect_error"), NOT_DONE),
        (Rejected("x", code="breaker_open"), NOT_DONE),
        (UpstreamReset("x", code="upstream_reset"), UNKNOWN),
    ],
)
def test_an_error_leaves_open_what_was_done_unless_nothing_was_sent(error, plain):
    assert of_error(error, honoured=False) == plain
    assert of_error(error, honoured=True) == NOT_DONE


def test_a_call_that_is_cut_off_may_have_been_done_once_it_was_sent():
    assert of_departure(sent=False, honoured=False) == NOT_DONE
    assert of_departure(sent=True, honoured=False) == UNKNOWN
    assert of_departure(sent=True, honoured=True) == NOT_DONE


@pytest.mark.parametrize(
    ("why", "status", "code"),
    [
        ("reused", 422, "idempotency_key_reused"),
        ("in_flight", 409, "idempotency_in_flight"),
        ("unknown", 409, "idempotency_unknown"),
        ("answer_lost", 409, "idempotency_answer_lost"),
    ],
)
def test_each_refusal_has_a_status_and_a_code(why, status, code):
    error = refusal(why)
    assert (error.status, error.code, error.sent) == (status, code, False)


@pytest.mark.parametrize(
    ("status", "headers", "length"),
    [(200, [], [b"4"]), (200, [(b"content-length", b"4")], [b"4"]), (204, [], [])],
)
def test_an_answer_that_came_in_chunks_is_given_out_with_its_length(status, headers, length):
    fields = replayed_headers(Answer(status, b"", headers, b"made"))
    assert [value for name, value in fields if name.lower() == b"content-length"] == length
    assert (b"Idempotency-Replayed", b"true") in fields
