"""What is measured again, and what is not."""

import pytest

from tests.support.lateness import TRIES, timed


@pytest.mark.parametrize("late", range(TRIES))
async def test_a_measurement_that_was_late_is_taken_again(late):
    taken = []

    @timed
    async def measured():
        taken.append(1)
        assert len(taken) > late

    await measured()
    assert len(taken) == late + 1


async def test_what_is_late_each_time_has_failed():
    taken = []

    @timed
    async def measured():
        taken.append(1)
        raise AssertionError("late")

    with pytest.raises(AssertionError, match="late"):
        await measured()
    assert len(taken) == TRIES


async def test_what_breaks_is_not_tried_again():
    taken = []

    @timed
    async def measured():
        taken.append(1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await measured()
    assert len(taken) == 1
