"""Decides of which routes something may be taken now, and how much.

Pure: the worker brings the instant, and does what is said.
"""

from collections import Counter

from sidecar.delivering.telling import Outlets
from sidecar.spool import Place


class Rooms:
    """How many deliveries of each route are under way, and which routes rest.

    Args:
        outlets: all routes.
    """

    def __init__(self, outlets: Outlets) -> None:
        self._outlets = outlets
        self._under_way: Counter[Place] = Counter()
        self._resting: dict[Place, float] = {}
        """Until when nothing of a route is taken; monotonic."""
        self._strays: set[Place] = set()
        """Routes of deliveries that the configuration does not have."""

    def __repr__(self) -> str:
        return f"<Rooms {self._under_way.total()} under way, {len(self._resting)} rest>"

    def snapshot(self, now: float) -> dict[str, object]:
        """How it stands, for people."""
        resting = {"/".join(place): end - now for place, end in self._resting.items()}
        return {
            "under_way": {"/".join(at): count for at, count in self._under_way.items() if count},
            "resting": {name: round(left, 3) for name, left in resting.items() if left > 0},
            "without_route": sorted("/".join(place) for place in self._strays),
        }

    def begin(self, place: Place) -> None:
        """One of this route is under way."""
        self._under_way[place] += 1

    def end(self, place: Place) -> None:
        """It is not any more."""
        self._under_way[place] -= 1

    def rest(self, place: Place, until: float) -> None:
        """Take nothing of this route until then; what was said before is not shortened."""
        self._resting[place] = max(until, self._resting.get(place, 0.0))

    def stray(self, place: Place) -> bool:
        """There is no such route: take nothing for it. Whether that is news."""
        new = place not in self._strays
        self._strays.add(place)
        return new

    def paused(self, now: float) -> set[Place]:
        """The routes of which nothing is taken now: they rest, have no room, or do not exist."""
        self._resting = {place: end for place, end in self._resting.items() if end > now}
        self._strays -= self._outlets.keys()  # a new configuration may have them again
        full = {place for place in self._outlets if self._free(place) <= 0}
        return full | self._resting.keys() | self._strays

    def room(self, paused: set[Place]) -> int:
        """How many may be taken, whichever of the other routes they are of."""
        return min((self._free(each) for each in self._outlets if each not in paused), default=0)

    def until_rested(self, now: float) -> float:
        """Seconds until the first of those that rest does not any more; inf where none does."""
        return min(self._resting.values(), default=float("inf")) - now

    def _free(self, place: Place) -> int:
        return self._outlets[place].rule.queue.at_once - self._under_way[place]
