import asyncio

import pytest

from sidecar.core.limit.signs import Quickest, is_measure, is_overload, is_too_slow
from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    PoolTimeout,
    Rejected,
    TruncatedBody,
    UpstreamReset,
)


@pytest.mark.parametrize(
    ("status", "overload", "measure"),
    [
        (200, False, True),
        (206, False, True),
        (304, False, True),
        (401, False, False),
        (404, False, False),
        (429, True, False),
        (500, False, False),
        (501, False, False),
        (502, True, False),
        (503, True, False),
        (504, True, False),
        (520, True, False),
        (544, True, False),
    ],
)
def test_an_answer_tells_about_the_load(status, overload, measure):
    assert (is_overload(status), is_measure(status)) == (overload, measure)


@pytest.mark.parametrize(
    ("error", "slow"),
    [
        (None, False),
        (AttemptTimeout("x", code="first_byte_timeout"), True),
        (AttemptTimeout("x", code="idle_timeout"), True),
        (ConnectTimeout("x", code="connect_timeout"), True),
        (DeadlineExceeded("x", code="total_timeout"), True),
        (ConnectError("x", code="connect_error"), False),
        (UpstreamReset("x", code="upstream_reset"), False),
        (TruncatedBody("x", code="truncated_body"), False),
        (PoolTimeout("x", code="pool_timeout"), False),
        (Rejected("x", code="breaker_open"), False),
        (asyncio.CancelledError(), False),
    ],
)
def test_an_error_tells_about_the_load_when_a_timer_expired(error, slow):
    assert is_too_slow(error) is slow


def test_at_first_nothing_is_known_of_the_quickest_answer():
    quickest = Quickest()
    assert quickest.seconds(0.0) == 0.0
    quickest.observe(1.0, 0.5)
    assert quickest.seconds(2.0) == 0.0


def test_the_quickest_answer_of_the_last_periods_is_known():
    quickest = Quickest()
    for now, first_byte in [(0.0, 0.5), (9.0, 0.3), (11.0, 0.4)]:
        quickest.observe(now, first_byte)
    assert quickest.seconds(12.0) == 0.3
    quickest.observe(13.0, 0.2)
    assert quickest.seconds(14.0) == 0.2


def test_what_was_quick_long_ago_is_forgotten():
    quickest = Quickest()
    quickest.observe(0.0, 0.1)
    quickest.observe(10.0, 0.5)
    assert quickest.seconds(19.0) == 0.1
    assert quickest.seconds(20.0) == 0.5
    assert quickest.seconds(100.0) == 0.0
