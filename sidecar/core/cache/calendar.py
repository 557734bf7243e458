"""Sees that the calendar was set back: what is stored then looks younger than it is.

Pure; seconds.
"""

from math import inf

TOLERANCE = 1.0
"""Seconds by which two calendars may differ."""


class Calendar:
    """A calendar beside a time that only goes forward."""

    __slots__ = ("_ahead",)

    def __init__(self) -> None:
        self._ahead = -inf

    def __repr__(self) -> str:
        return f"<Calendar {self._ahead:.3f} ahead>"

    def was_set_back(self, wall: float, elapsed: float) -> bool:
        """Whether it was, since this was asked last.

        Args:
            wall: what it shows.
            elapsed: monotonic seconds at that instant.
        """
        ahead = wall - elapsed
        back = ahead < self._ahead - TOLERANCE
        if back or ahead > self._ahead:
            self._ahead = ahead
        return back
