"""Decides when the next call of one key may pass: a rate, a burst, a line of calls, a rest.

The rate is the generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): one number says
when the bucket is full again. Only a call that passes moves it, so those that wait, leave or are
refused cost nothing. Pure; whoever waits brings `now`.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

from sidecar.config.pace import Pace, PaceBackoff

TICK = 1e-6
"""Seconds that make no difference: less than a timer can tell, more than floats are wrong by."""

_NEVER = float("-inf")
_arrival = attrgetter("arrived")


@dataclass(slots=True, eq=False)
class Place:
    """A call's place in the line of a lane."""

    arrived: float
    """The line's order: who came to the sidecar first, not who came to this line first."""
    until: float
    """When it has waited here for as long as it may."""
    wake: Callable[[], None]
    """Tells the call to look again, because its place or the lane's rest has changed."""


class Rest:
    """How long a key rests after each refusal; longer each time, until a call succeeds.

    Source: Meta, "Pair rate limits" of the WhatsApp Business Platform: wait 4^n seconds.
    """

    __slots__ = ("_config", "_ended", "_told", "seconds")

    def __init__(self, config: PaceBackoff) -> None:
        self._config = config
        self._told = _NEVER
        self._ended = _NEVER
        self.seconds = 0.0
        """The last one of this row; 0 before the first."""

    def throttled(self, now: float, passed: float, asked: float | None) -> float:
        """Seconds to rest from `now`.

        A call that passed before the last refusal was known brings no news: it does not count as
        a further one, but what it is asked to wait holds all the same. A row that ended longer
        ago than the longest rest is forgotten.

        Args:
            now: the instant.
            passed: when the refused call had passed.
            asked: seconds that the upstream asks for, if it does.
        """
        config, rest = self._config, 0.0
        if passed > self._told:
            if not self.over(now):
                self.seconds = min(config.cap, self.seconds * config.growth)
            else:
                self.seconds = min(config.cap, config.base)
            rest, self._told = self.seconds, now
        rest = max(rest, min(asked or 0.0, config.max_asked))
        self._ended = max(self._ended, now + rest)
        return rest

    def over(self, now: float) -> bool:
        """Whether the next refusal is the first of a row."""
        return self.seconds == 0 or now - self._ended > self._config.cap

    def succeeded(self, passed: float) -> None:
        """A call that passed at `passed` was served."""
        if passed > self._told:
            self.seconds = 0.0


class Lane:
    """The calls of one key.

    In any window, calls that pass <= burst + rate x seconds. Nothing passes during a rest, and
    after it the burst is spent.
    """

    __slots__ = ("_full", "_interval", "_line", "_rest", "_tolerance", "config")

    def __init__(self, config: Pace) -> None:
        self.config = config
        self._interval = 1.0 / config.rate
        self._tolerance = (config.burst - 1) * self._interval
        self._full = _NEVER
        self._line: list[Place] = []
        self._rest = Rest(config.backoff)

    def __repr__(self) -> str:
        return f"<Lane full at {self._full:g}, {self.waiting} waiting, rest {self._rest.seconds:g}>"

    @property
    def waiting(self) -> int:
        """How many calls stand in line."""
        return len(self._line)

    def due(self, now: float, ahead: int = 0) -> float:
        """The instant, `now` or later, at which a call with so many `ahead` of it may pass."""
        full = max(self._full, now) + ahead * self._interval
        return max(now, full - self._tolerance)

    def take(self, now: float) -> None:
        """A call passes; it is due."""
        self._full = max(self._full, now) + self._interval

    def join(self, place: Place) -> None:
        """Stand in line, behind those that arrived before."""
        insort(self._line, place, key=_arrival)

    def ahead(self, place: Place) -> int:
        """How many are before it in the line."""
        return self._line.index(place, bisect_left(self._line, place.arrived, key=_arrival))

    def leave(self, place: Place) -> None:
        """Stand in line no longer; whoever is the first by that is told."""
        first = self._line[0] is place
        del self._line[self.ahead(place)]
        if first and self._line:
            self._line[0].wake()

    def throttled(self, now: float, passed: float, asked: float | None) -> float:
        """Rest, because the upstream refused a call; see `Rest.throttled`. The seconds."""
        rest = self._rest.throttled(now, passed, asked)
        if rest > 0:
            self._full = max(self._full, now + rest + self._tolerance)
            for place in tuple(self._line):
                place.wake()
        return rest

    def succeeded(self, passed: float) -> None:
        """A call that passed at `passed` was served."""
        self._rest.succeeded(passed)

    def at_rest(self, now: float) -> bool:
        """Whether a new lane would decide as this one does."""
        return not self._line and self._full <= now and self._rest.over(now)

    def snapshot(self, now: float) -> dict[str, float | int]:
        """How it stands, for people."""
        return {
            "waiting": self.waiting,
            "next_in": round(self.due(now, self.waiting) - now, 3),
            "rest": self._rest.seconds,
        }
