"""Decides how a call gets through all the paces that it is subject to.

A call takes its slots in all lanes at the instant at which it passes, or in none: until then it
only stands in line, so a call that is refused or leaves has used nothing. (A pacer that reserves
slots for calls which it then refuses starves those that it could serve.) Pure.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from sidecar.config.pace import Pace, format_rate
from sidecar.core.keyed import Keyed
from sidecar.core.lane import TICK, Lane, Place

_SHOWN = 20
"""Lanes that a snapshot names."""


class Wait(NamedTuple):
    """Look again after `seconds`, or when woken."""

    seconds: float
    lane: int
    """For which lane, by its number among the call's."""


class Refusal(NamedTuple):
    """The call is not let through; nothing was used."""

    reason: Literal["full", "timeout"]
    wait: float
    """Seconds after which its turn might have come."""
    lane: int


class Passage:
    """One call's way through its lanes.

    It stands in the line of a lane only while it is the first of all lanes before that, so a call
    that waits for a slow key is in nobody's way at a faster one. Order the lanes from the
    narrowest key to the broadest.

    Args:
        lanes: the lanes, narrowest first.
        now: when it arrives. Lines are ordered by this.
        deadline: the instant before which it must pass.
        wake: called when it should look again before its wait is over; only sets a flag.
    """

    __slots__ = ("_arrived", "_deadline", "_lanes", "_places", "_wake")

    def __init__(
        self, lanes: Sequence[Lane], now: float, deadline: float, wake: Callable[[], None]
    ) -> None:
        self._lanes = lanes
        self._arrived = now
        self._deadline = deadline
        self._wake = wake
        self._places: list[Place] = []

    def __repr__(self) -> str:
        return f"<Passage {len(self._places)}/{len(self._lanes)}>"

    def step(self, now: float) -> Wait | Refusal | None:
        """None: it passes, its slots are taken. Ask again after a Wait, and never after the rest.

        Nobody waits who can know that it is in vain: it is refused at once.
        """
        found: Wait | Refusal | None = None if self._places else self._foreseen(now)
        for number in range(len(self._lanes)):
            found = found or self._enter(number, now)
            if found is not None:
                break
        if found is None:
            for lane in self._lanes:
                lane.take(now)
        if not isinstance(found, Wait):
            self.leave()
        return found

    def leave(self) -> None:
        """Stand in no line any more. May be called again."""
        self._leave_after(-1)

    def _leave_after(self, number: int) -> None:
        while len(self._places) > number + 1:
            self._lanes[len(self._places) - 1].leave(self._places.pop())

    def _foreseen(self, now: float) -> Refusal | None:
        """What is in vain from the start."""
        for number, lane in enumerate(self._lanes):
            refusal = self._full(number, now) or self._late(
                number, lane.due(now, lane.waiting), now + lane.config.max_wait, now
            )
            if refusal is not None:
                return refusal
        return None

    def _enter(self, number: int, now: float) -> Wait | Refusal | None:
        """None where it is the first in this lane's line, and due."""
        lane = self._lanes[number]
        if number == len(self._places):
            full = self._full(number, now)
            if full is not None:
                return full
            place = Place(self._arrived, now + lane.config.max_wait, self._wake)
            self._places.append(place)
            lane.join(place)
        place = self._places[number]
        ahead = lane.ahead(place)
        due = lane.due(now, ahead)
        if not ahead and due <= now + TICK:
            return None
        self._leave_after(number)
        late = self._late(number, due, place.until, now)
        if late is not None:
            return late
        until = min(place.until, self._deadline) if ahead else due
        if until <= now + TICK:
            return Refusal("timeout", max(0.0, due - now), number)
        return Wait(until - now, number)

    def _full(self, number: int, now: float) -> Refusal | None:
        lane = self._lanes[number]
        waits = lane.waiting > 0 or lane.due(now) > now + TICK
        if waits and lane.waiting >= lane.config.max_waiters:
            return Refusal("full", lane.due(now, lane.waiting) - now, number)
        return None

    def _late(self, number: int, due: float, until: float, now: float) -> Refusal | None:
        if due > now + TICK and (due > until + TICK or due >= self._deadline):
            return Refusal("timeout", due - now, number)
        return None


class Lanes:
    """One configured pace: a lane for each key, shared by all the upstream's routes that have it.

    Args:
        config: the pace.
    """

    def __init__(self, config: Pace) -> None:
        self.config = config
        self._now = 0.0
        self._lanes = Keyed[str, Lane](
            lambda _: Lane(config), config.max_keys, lambda lane: lane.at_rest(self._now)
        )

    def __repr__(self) -> str:
        return f"<Lanes {self.config.title} {format_rate(self.config.rate)}, {len(self)} keys>"

    def __len__(self) -> int:
        return len(self._lanes)

    def get(self, key: str, now: float) -> Lane:
        """The lane of a key. Hold it only while the call waits: a lane at rest is made anew."""
        self._now = now
        return self._lanes.get(key)

    def snapshot(self, now: float) -> dict[str, object]:
        """How it stands, for people: the lanes of most waiting calls first."""
        busy = sorted(self._busy(now), key=lambda item: -item[1].waiting)
        return {
            "rate": format_rate(self.config.rate),
            "burst": self.config.burst,
            "enforce": self.config.enforce,
            "keys": len(self),
            "busy": {key: lane.snapshot(now) for key, lane in busy[:_SHOWN]},
        }

    def _busy(self, now: float) -> Iterator[tuple[str, Lane]]:
        return ((key, lane) for key, lane in self._lanes if not lane.at_rest(now))


def watch(lane: Lane, now: float, deadline: float) -> Literal["timeout", "waits"] | None:
    """What a pace that is not enforced would have done: it takes its slot where it would have."""
    due = lane.due(now)
    if due > now + TICK and (due > now + lane.config.max_wait or due >= deadline):
        return "timeout"
    lane.take(now)
    return "waits" if due > now + TICK else None
