"""An upstream is down for some seconds: what reaches it, and how soon traffic is back.

The same for a whole minute is in `tests/slow/test_long_outage.py`.
"""

import pytest

from tests.support.fallible import DOWN
from tests.support.lateness import timed
from tests.support.outage import suffered

SECONDS = 6.0


@pytest.mark.parametrize("mode", DOWN)
@timed
async def test_an_outage_is_probed_survived_and_over_at_once(mode, record_property):
    outage = await suffered(mode, SECONDS)
    for name, value in outage.figures().items():
        record_property(name, value)
    outage.check_attempts()
    outage.check_deadlines()
    outage.check_recovery()


@timed
async def test_without_hold_calls_are_refused_at_once(record_property):
    outage = await suffered("503", 2.0, hold="0s")
    took = outage.median_of_refusals()
    record_property("refusal_median_ms", round(took * 1000, 2))
    assert took < 0.005


@timed
async def test_an_upstream_that_hangs_is_found_out_also_where_the_deadline_comes_first():
    """As with the presets, where `total` is no longer than `first_byte`."""
    outage = await suffered("hangs", 4.0, first_byte=0.4, total=0.4)
    outage.check_attempts()
    outage.check_recovery()
