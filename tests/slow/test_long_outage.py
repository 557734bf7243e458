"""An upstream is down for a minute, at 20 calls a second."""

import pytest

from tests.support.fallible import DOWN
from tests.support.lateness import TRIES, timed
from tests.support.outage import suffered

pytestmark = pytest.mark.timeout(TRIES * 90)


@pytest.mark.parametrize("mode", DOWN)
@timed
async def test_a_minute_of_outage_is_probed_survived_and_over_at_once(mode, record_property):
    outage = await suffered(mode, 60.0)
    for name, value in outage.figures().items():
        record_property(name, value)
    outage.check_attempts()
    outage.check_deadlines()
    outage.check_recovery()
