import pytest

from sidecar.core.outcomes import judge_error, leaves_last_answer
from sidecar.errors import (
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    Draining,
    PoolTimeout,
    Rejected,
    UpstreamReset,
)
from tests.support.errors import ERRORS


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_only_a_connection_that_failed_is_repeatable_whatever_the_method(error):
    judgement = judge_error(error)
    dialled = isinstance(error, ConnectError | ConnectTimeout)
    assert (judgement.kind == "never_sent") == (dialled and error.code != "tls_error")
    assert judgement.reason == error.code


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_only_what_the_upstream_did_counts_against_it(error):
    judgement = judge_error(error)
    blamed = error.source == "upstream" and error.code != "stale_connection"
    assert (judgement.verdict == "failure") == blamed


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_what_may_have_been_sent_is_never_taken_for_unsent(error):
    if error.sent:
        assert judge_error(error).kind in ("ambiguous", "permanent")


@pytest.mark.parametrize(
    ("error", "sent", "leaves"),
    [
        (Rejected("open", code="breaker_open"), False, True),
        (Rejected("full", code="limit_full"), True, True),
        (PoolTimeout("busy", code="pool_timeout"), True, True),
        (DeadlineExceeded("held", code="total_timeout"), False, True),
        (DeadlineExceeded("no answer", code="total_timeout"), True, False),
        (Draining("over", sent=False), True, True),
        (Draining("over", sent=True), True, False),
        (ConnectError("no", code="connect_error"), False, False),
        (UpstreamReset("reset", code="upstream_reset"), True, False),
    ],
)
def test_only_what_the_sidecar_did_not_let_out_leaves_the_last_answer(error, sent, leaves):
    assert leaves_last_answer(error, sent=sent) is leaves
