import pytest

from sidecar.core.outcomes import judge_error
from sidecar.errors import ConnectError, ConnectTimeout
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
