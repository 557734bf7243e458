import inspect
import re

import pytest

from sidecar import errors
from sidecar.errors import ClientClosed, DownstreamError, ExchangeError, NeverSent
from tests.support.errors import AMBIGUOUS, DOWNSTREAM, ERRORS

CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, ExchangeError)
]


def test_the_tree_in_the_docstring_names_every_class():
    assert set(re.findall(r"── (\w+)", errors.__doc__)) | {"ExchangeError"} == {
        kind.__name__ for kind in CLASSES
    }


def test_every_kind_of_error_is_among_the_samples():
    abstract = {ExchangeError, DownstreamError, NeverSent, errors.UpstreamError, ClientClosed}
    assert {type(error) for error in ERRORS} | abstract == set(CLASSES)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_knows_whether_the_upstream_may_have_seen_the_request(error):
    assert error.sent is (error in AMBIGUOUS)
    assert not (isinstance(error, NeverSent) and error.sent)
    assert isinstance(error, DownstreamError) is (error in DOWNSTREAM)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_an_error_shows_its_message_and_keeps_its_code(error):
    assert str(error) == error.message
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)


def test_a_status_of_one_error_is_not_that_of_its_class():
    assert errors.BadRequest("x", code="c", status=413).status == 413
    assert errors.BadRequest("x", code="c").status == 400
