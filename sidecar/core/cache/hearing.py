"""Decides how long what is in memory may be given out without asking the shared store.

Others who share the store may write. As long as they are heard, nothing need be asked; where they
are not, an answer is current only as of when it was fetched, or last looked up. Pure; wall-clock
seconds.
"""

from math import inf

_RAREST, _OFTENEST = 1.0, 0.05


class Hearing:
    """Since when, and up to when, everything that others changed was heard of.

    Args:
        recheck: seconds for which an answer may be given out after the last instant as of which it
            is known to be current.
    """

    def __init__(self, recheck: float) -> None:
        self.recheck = recheck
        self._since, self._until = inf, -inf

    def __repr__(self) -> str:
        return f"<Hearing since {self._since:.3f} until {self._until:.3f}>"

    @property
    def interval(self) -> float:
        """Seconds between two signs of life: well within what a missing one costs."""
        return min(_RAREST, max(_OFTENEST, self.recheck / 4))

    def begin(self, now: float) -> None:
        """From now on everything is heard of; what was before may have been missed."""
        self._since = self._until = now

    def set_back(self, now: float) -> None:
        """The calendar was set back to this: nothing was heard of what is to come."""
        self._until = min(self._until, now)
        if self._since != inf:
            self._since = min(self._since, now)

    def heard(self, until: float) -> None:
        """All that was changed before `until` has been heard of."""
        self._until = max(self._until, until)

    def known_at(self, asked_at: float, checked_at: float) -> float:
        """The last instant as of which an answer is known to be current, unless it was dropped.

        Args:
            asked_at: when the upstream was asked for it.
            checked_at: when the store last knew of no change. A change that was not heard of may
                have been on its way to the store then, so for a while that does not suffice.
        """
        known = max(asked_at, checked_at)
        if asked_at >= self._since or checked_at >= self._since + self.recheck:
            return max(known, self._until)
        return known

    def is_due(self, asked_at: float, checked_at: float, now: float) -> bool:
        """Whether the store is to be asked before the answer is given out."""
        return now - self.known_at(asked_at, checked_at) > self.recheck
