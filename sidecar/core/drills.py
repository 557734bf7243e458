"""Decides which calls a drill hits, and when it is over.

Pure: numbers are drawn and `now` is read by the layer. Knows the names of faults, not what they do.
"""

from typing import NamedTuple

from sidecar.config.drills import MOST


class Order(NamedTuple):
    """What is to be drilled."""

    fault: str
    upstream: str
    route: str = "*"
    percent: float = 100.0
    lasts: float = 600.0
    """Seconds."""
    delay: float | None = None
    """Seconds of the fault's own time; None: as long as the fault says."""
    jitter: float = 0.0
    """Seconds."""

    def covers(self, upstream: str, route: str) -> bool:
        """Whether it is for the calls of this route."""
        return self.upstream == upstream and self.route in ("*", route)


class Drill(NamedTuple):
    """A drill under way."""

    id: str
    order: Order
    ends: float
    """The instant, on the Clock."""


class TooManyDrills(Exception):
    """As many as are allowed are under way already."""


class Drills:
    """The drills under way, in the order in which they began."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._drills: dict[str, Drill] = {}
        self._count = 0

    def __repr__(self) -> str:
        return f"<Drills {', '.join(each.order.fault for each in self._drills.values()) or 'none'}>"

    def __len__(self) -> int:
        return len(self._drills)

    def start(self, order: Order, now: float) -> Drill:
        """Begin a drill.

        Raises:
            TooManyDrills: there are as many as there may be.
        """
        if len(self._drills) >= self._most:
            raise TooManyDrills(f"{self._most} drills are under way: stop one first")
        self._count += 1
        drill = Drill(f"d{self._count}", order, now + order.lasts)
        self._drills[drill.id] = drill
        return drill

    def stop(self, drill_id: str) -> Drill | None:
        """End a drill; None if there is none of that id."""
        return self._drills.pop(drill_id, None)

    def expire(self, now: float) -> list[Drill]:
        """End those whose time is over."""
        over = [drill for drill in self._drills.values() if drill.ends <= now]
        for drill in over:
            del self._drills[drill.id]
        return over

    def next_end(self) -> float | None:
        """The instant at which the next one expires."""
        return min((drill.ends for drill in self._drills.values()), default=None)

    def pick(self, upstream: str, route: str, number: float) -> Drill | None:
        """The drill that this call gets, if one.

        Two drills of 20 % each hit 40 % of the calls: their shares stand side by side, in the
        order in which they began, as far as 100 % go.

        Args:
            upstream: of the call.
            route: of the call.
            number: drawn evenly from [0, 1).
        """
        share = 0.0
        for drill in self._drills.values():
            if drill.order.covers(upstream, route):
                share += drill.order.percent / 100
                if number < share:
                    return drill
        return None

    def snapshot(self, now: float) -> list[dict[str, object]]:
        """Those under way, for people."""
        return [as_dict(drill, now) for drill in self._drills.values()]


def as_dict(drill: Drill, now: float) -> dict[str, object]:
    """A drill, for people; `left` is in seconds."""
    order = drill.order
    own: dict[str, object] = {} if order.delay is None else {"delay": order.delay}
    return {
        "id": drill.id,
        "fault": order.fault,
        "upstream": order.upstream,
        "route": order.route,
        "percent": order.percent,
        **own,
        **({"jitter": order.jitter} if order.jitter else {}),
        "left": round(max(0.0, drill.ends - now), 1),
    }


def varied(delay: float, jitter: float, number: float) -> float:
    """`delay`, up to `jitter` longer or shorter; `number` is drawn evenly from [0, 1)."""
    return max(0.0, delay + jitter * (2 * number - 1)) if jitter else delay
