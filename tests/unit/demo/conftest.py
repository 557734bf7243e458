"""What tests of the simulated providers share."""

import pytest


class Clock:
    """A provider's wall clock: `clock()` reads it, and a test moves `clock.now`."""

    now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
