"""Orders the calls that wait for a permit: by priority, in turns between lanes, by age.

Pure. Knows no limit; it is asked who is next, and says who has waited too long.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from sidecar.config.limit import Priority
from sidecar.exchange import RawHeaders

if TYPE_CHECKING:
    from sidecar.core.limit.limiter import Permit

_TARGET = 0.005
_INTERVAL = 0.1
"""RFC 8289 §4.2-4.4: a queue whose shortest wait over an interval stays above the target does
not absorb a burst any more; it only makes everybody late."""

Reason = Literal["full", "displaced", "timeout", "deadline"]
"""Why a call was refused: no place in the queue; its place was given to another; it waited for
too long; it could not be answered before its deadline."""


class Refusal(NamedTuple):
    """The call is not sent."""

    reason: Reason


@dataclass(slots=True, eq=False)
class Ticket:
    """A call that waits, and what became of it."""

    priority: Priority
    lane: str
    since: float
    patience: float
    """Seconds that it waits at the most."""
    late: Reason
    """Why it is refused after that."""
    outcome: "Permit | Refusal | None" = field(init=False, default=None)
    """None while it waits."""


class _Lanes:
    """The waiting calls of one priority."""

    def __init__(self) -> None:
        self._all: OrderedDict[Ticket, None] = OrderedDict()  # by age
        self._lanes: OrderedDict[str, OrderedDict[Ticket, None]] = OrderedDict()  # by turn
        self._by_length: dict[int, OrderedDict[str, None]] = {}
        self._longest = 0
        self._late_since: float | None = None

    def __len__(self) -> int:
        return len(self._all)

    def length(self, lane: str) -> int:
        return len(self._lanes.get(lane, ()))

    def add(self, ticket: Ticket) -> None:
        self._all[ticket] = None
        lane = self._lanes.setdefault(ticket.lane, OrderedDict())
        lane[ticket] = None
        self._moved(ticket.lane, len(lane) - 1, len(lane))

    def remove(self, ticket: Ticket) -> None:
        del self._all[ticket]
        lane = self._lanes[ticket.lane]
        del lane[ticket]
        self._moved(ticket.lane, len(lane) + 1, len(lane))
        if not lane:
            del self._lanes[ticket.lane]
        if not self._all:
            self._late_since = None

    def is_standing(self, now: float) -> bool:
        return self._late_since is not None and now - self._late_since >= _INTERVAL

    def take(self, now: float) -> Ticket:
        """The next one: the newest of its lane in a standing queue, else the oldest."""
        oldest = next(iter(self._all))
        if now - oldest.since < _TARGET:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = now
        name, lane = next(iter(self._lanes.items()))
        self._lanes.move_to_end(name)
        ticket = next(reversed(lane)) if self.is_standing(now) else next(iter(lane))
        self.remove(ticket)
        return ticket

    def longest(self) -> OrderedDict[Ticket, None]:
        """Without a look at all: each call that is refused may ask for it."""
        return self._lanes[next(iter(self._by_length[self._longest]))]

    def _moved(self, lane: str, before: int, after: int) -> None:
        if before:
            del self._by_length[before][lane]
            if not self._by_length[before]:
                del self._by_length[before]
        if after:
            self._by_length.setdefault(after, OrderedDict())[lane] = None
        if after > self._longest or self._longest not in self._by_length:
            self._longest = after


class Queue:
    """All that wait for one upstream; interactive calls before batch calls."""

    def __init__(self) -> None:
        self._lanes: dict[Priority, _Lanes] = {"interactive": _Lanes(), "batch": _Lanes()}
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def count(self, priority: Priority) -> int:
        """How many of this priority wait."""
        return len(self._lanes[priority])

    def add(self, ticket: Ticket) -> None:
        """Let it wait."""
        self._length += 1
        self._lanes[ticket.priority].add(ticket)

    def remove(self, ticket: Ticket) -> None:
        """It waits no longer."""
        self._length -= 1
        self._lanes[ticket.priority].remove(ticket)

    def take(self, now: float) -> Ticket | None:
        """Remove the next one; None when nobody waits. It may have waited for too long."""
        if not self._length:
            return None
        self._length -= 1
        return (self._lanes["interactive"] or self._lanes["batch"]).take(now)

    def displace(self, priority: Priority, lane: str) -> Ticket | None:
        """Remove one that gives its place to a call of `priority` and `lane`; None if none must.

        Batch calls do for interactive ones. Among equals a lane does that is longer than the other
        would become (P. McKenney, "Stochastic Fairness Queuing", 1990: drop from the longest).
        """
        batch = self._lanes["batch"]
        if priority == "interactive" and batch:
            longest = batch.longest()
        elif lanes := self._lanes[priority]:
            longest = lanes.longest()
            if len(longest) <= lanes.length(lane) + 1:
                return None
        else:
            return None
        ticket = next(reversed(longest))
        self.remove(ticket)
        return ticket

    def is_standing(self, now: float) -> bool:
        """Whether calls wait that nothing but a lower load would let through in time."""
        return any(lanes.is_standing(now) for lanes in self._lanes.values())


def priority_of(headers: RawHeaders, name: bytes | None, default: Priority) -> Priority:
    """What the field `name` (lower case) says; `default` where it says nothing that is known."""
    if name is None:
        return default
    for field_name, value in headers:
        if len(field_name) == len(name) and field_name.lower() == name:
            match value.strip().lower():
                case b"interactive":
                    return "interactive"
                case b"batch":
                    return "batch"
    return default
