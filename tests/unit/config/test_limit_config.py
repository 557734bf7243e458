import pytest
from pydantic import TypeAdapter, ValidationError

from sidecar.config.limit import Limit

LIMITS = TypeAdapter(Limit)


def test_a_limit_is_read_as_it_is_written():
    written = {
        "mode": "adaptive",
        "inflight": "50",
        "max_wait": "250ms",
        "max_waiters": 0,
        "priority_header": "X-Sidecar-Priority",
        "fair_by": "header:x-tenant",
        "enforce": "false",
    }
    limit = LIMITS.validate_python(written)
    assert limit == Limit(
        "adaptive", 50, 4, 20, 0.25, 0, "X-Sidecar-Priority", "header:x-tenant", False
    )


def test_without_a_word_a_limit_is_fixed_and_waits_shortly():
    limit = LIMITS.validate_python({})
    assert (limit.mode, limit.inflight, limit.max_wait, limit.enforce) == ("fixed", 100, 0.1, True)


@pytest.mark.parametrize(
    "written",
    [
        {"mode": "gradient"},
        {"inflight": 0},
        {"max_wait": 100},
        {"max_waiters": -1},
        {"max_waiters": True},
        {"priority_header": "X Priority"},
        {"priority_header": ""},
        {"priority_header": 1},
        {"fair_by": "Header: x"},
        {"queue": 5},
    ],
)
def test_what_means_nothing_is_refused(written):
    with pytest.raises(ValidationError):
        LIMITS.validate_python(written)
