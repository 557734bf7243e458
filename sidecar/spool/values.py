"""What a spool keeps and says: deliveries, what became of them, how many there are.

Plain values, and the names of the states; nothing is decided here.
"""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from sidecar.exchange import RawHeaders

State = Literal["queued", "sending", "delivered", "failed", "expired", "unknown", "discarded"]

STATES: Final[tuple[State, ...]] = (
    "queued",
    "sending",
    "delivered",
    "failed",
    "expired",
    "unknown",
    "discarded",
)
"""All of them, in the order in which people want to read them."""

UNFINISHED: Final = frozenset[State](("queued", "sending"))
"""What is still to be sent. Only these have a place in their lane, and count against the bound."""

REPEATABLE: Final = frozenset[State](("failed", "expired", "unknown"))
"""What `requeue` takes. Of `delivered` and `discarded` the request is not kept."""


class Place(NamedTuple):
    """Where a delivery goes, as the configuration calls it."""

    upstream: str
    route: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream said. Whoever makes it bounds the body."""

    status: int
    headers: RawHeaders
    body: bytes = b""
    truncated: bool = False
    """Whether the body was longer than what is kept of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that was accepted, and what became of it. Instants are wall seconds."""

    id: str
    """Sorts by the instant of acceptance, and cannot be guessed (`sidecar.spool.identity`)."""
    upstream: str
    route: str
    lane: str = ""
    """A digest of what keeps deliveries in order, or "" for no order. Within a lane one goes after
    the other, and the next one only when the one before is finished (or is `unknown`)."""
    method: str
    target: str
    headers: RawHeaders
    body: bytes = b""
    accepted_at: float
    not_before: float
    """Not taken before. At `add`, one that is later than `accepted_at` makes a scheduled delivery:
    its place in the lane is by that instant, so that it does not hold up what came later."""
    expires_at: float
    """From then on it is worth nothing; float("inf") for never."""
    dedup: str | None = None
    """A digest. A second one for the same place and `dedup` is a Duplicate, until `dedup_until` of
    the first and as long as that is kept (`forget`)."""
    dedup_until: float = float("inf")
    fingerprint: str = ""
    """A digest of what was asked for: whether a Duplicate is the same call once more is for whoever
    adds to compare."""
    state: State = "queued"
    attempts: int = 0
    """How often it was fenced since it was accepted or requeued."""
    reason: str = ""
    """Why it is in this state: a code, nothing of a message."""
    answer: Answer | None = None
    updated_at: float = 0.0
    note: str = ""
    """What people wrote about it. It is not encrypted."""
    size: int = 0
    """Bytes of the body, also where `find` leaves the body out or it is not kept any more."""

    @property
    def place(self) -> Place:
        """Where it goes."""
        return Place(self.upstream, self.route)


class Added(NamedTuple):
    """It is durable."""

    id: str


class Duplicate(NamedTuple):
    """Nothing was added: there is one with the same key already."""

    id: str
    """Of the earlier one."""
    fingerprint: str = ""
    """Of the earlier one."""


class Full(NamedTuple):
    """Nothing was added: there is no room. Everything that was added before is still there."""

    reason: Literal["deliveries", "size", "disk"]


Addition: TypeAlias = Added | Duplicate | Full


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What became of a delivery that was claimed, sent, or unknown."""

    state: State
    """Any but `sending`. `queued` = it is to be tried again, and keeps its place in the lane."""
    now: float
    reason: str = ""
    not_before: float | None = None
    """With `queued`: when; None = at once."""
    answer: Answer | None = None
    """None keeps the one that is there."""


class Edit(NamedTuple):
    """What is to be changed; None is left as it is."""

    target: str | None = None
    headers: RawHeaders | None = None
    body: bytes | None = None
    not_before: float | None = None
    expires_at: float | None = None
    note: str | None = None

    @property
    def only_note(self) -> bool:
        """Whether nothing else is to be changed."""
        return self.note is not None and all(value is None for value in self[:-1])


class Event(NamedTuple):
    """One change of state."""

    cursor: int
    at: float
    id: str
    upstream: str
    route: str
    state: State
    reason: str
    attempts: int


class Events(NamedTuple):
    """Changes in order."""

    events: list[Event]
    cursor: int
    """To ask with the next time."""
    gap: bool
    """Whether some between the cursor that was asked with and the first of these are forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much there is."""

    counts: dict[State, int]
    """How many in each state; all states are there."""
    bytes: int
    """What it takes on disk, or in the server, without what can be used again."""
    oldest_due: float | None
    """Seconds for which the one that is due for the longest time waits; None where none is due."""


class SpoolUnavailable(Exception):
    """The spool cannot do this now; nothing is lost. It names no key, value or address.

    What was to be added may or may not be there afterwards. What was to be changed is either as
    it was or as it was to be; the same call may be made again.
    """


class SpoolDamaged(SpoolUnavailable):
    """What is there cannot be read, or not with this key. It is left as it is, for people."""
