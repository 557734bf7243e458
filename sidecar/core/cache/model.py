"""The values that the cache's decisions are made of, the same for both modes.

Times are wall-clock seconds, because entries outlive the process. Knows no store and no rule.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from sidecar.exchange import RawHeaders, Request


class Head(NamedTuple):
    """A response without its body."""

    status: int
    reason: bytes
    headers: RawHeaders


class Plan(NamedTuple):
    """How long a response may be used: what a rule says when it is to be stored. Seconds."""

    lifetime: float
    """How long it is fresh, counted from when it was made at the origin."""
    age: float = 0.0
    """How old it was when it was received (RFC 9111 §4.2.3, corrected_initial_age)."""
    stale_while: float = 0.0
    """How long after that it may be served while it is refreshed (RFC 5861 §3)."""
    stale_error: float = 0.0
    """How long after that it may be served in place of an error (RFC 5861 §4)."""
    ask_first: bool = False
    """Whether it is validated before every use (`no-cache`, §5.2.2.4)."""
    never_stale: bool = False
    """Whether it is never served stale (`must-revalidate` and what implies it, §5.2.2.2)."""
    vary: tuple[bytes, ...] = ()
    """Lower-case names of request fields that select among responses (RFC 9110 §12.5.5)."""
    keep: float = 0.0
    """How long it is worth keeping after all that for its validator alone."""


@dataclass(slots=True)
class Checked:
    """When the shared store was last asked about an entry."""

    at: float = 0.0
    """Wall-clock seconds as of which it knew of no change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored response."""

    head: Head
    body: bytes
    received_at: float
    """Wall-clock seconds."""
    plan: Plan
    tags: tuple[tuple[str, int], ...] = ()
    """What it was made from, and the generation of each when its request was sent."""
    method: str = "GET"
    selecting: tuple[bytes | None, ...] = field(default=(), repr=False)
    """The values of `plan.vary` in the request that it answers. They may be credentials, so that no
    store is given them: the key tells variants apart."""
    upstream: str = ""
    path: str = ""
    """Of its request, without the query, which may hold a secret."""
    cost: float = 0.0
    """Seconds that it took to get."""
    checked: Checked = field(default_factory=Checked, compare=False, repr=False)

    @property
    def asked_at(self) -> float:
        """When its request was sent: it knows nothing of changes after that."""
        return self.received_at - self.cost

    def age(self, now: float) -> float:
        """Seconds since it was made at the origin (RFC 9111 §4.2.3, current_age)."""
        return self.plan.age + max(0.0, now - self.received_at)

    def as_stale(self, now: float) -> "Entry":
        """The same, as if its lifetime ended now: for as long as it is kept, it is just stale."""
        lifetime = min(self.plan.lifetime, self.age(now))
        return replace(self, plan=self.plan._replace(lifetime=lifetime))

    def as_written_over(self, now: float) -> "Entry":
        """The same, as if it ended now, but for a failure of the upstream: not for `max-stale`."""
        stale = self.as_stale(now)
        return replace(stale, plan=stale.plan._replace(stale_while=0.0, ask_first=True))

    @property
    def fresh_until(self) -> float:
        """The instant at which it becomes stale."""
        return self.received_at - self.plan.age + self.plan.lifetime

    @property
    def expires_at(self) -> float:
        """The instant after which it is of no use at all."""
        plan = self.plan
        return self.fresh_until + max(plan.stale_while, plan.stale_error, plan.keep)

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly: what is in it, and CPython's objects that hold that."""
        headers = sum(len(name) + len(value) + 144 for name, value in self.head.headers)
        tags = sum(len(name) + 160 for name, _ in self.tags)
        return len(self.body) + len(self.path) + headers + tags + 768


Reason = Literal["miss", "stale", "request", "vary-miss", "uri-miss", "method", "bypass", "partial"]
"""Why a request went on, in the words of RFC 9211 §2.2."""


class Use(NamedTuple):
    """What to do with what is stored."""

    kind: Literal["serve", "serve_and_refresh", "ask", "refuse"]
    """`ask`: send the request on, with `conditions` if there are any. `refuse`: the request says
    `only-if-cached` and there is nothing (RFC 9111 §5.2.1.7)."""
    reason: Reason = "miss"
    conditions: RawHeaders | None = None
    """Fields that make the request conditional, so that a 304 renews what is stored."""
    on_error: bool = False
    """Whether what is stored may be served if the upstream fails."""


class Rules(Protocol):
    """One mode of caching. Pure; `now` is wall-clock seconds."""

    def lookup(self, entry: Entry | None, request: Request, now: float) -> Use:
        """What to do with a request, given what is stored for it."""
        ...

    def plan(
        self, request: Request, response: Head, asked_at: float, received_at: float
    ) -> Plan | None:
        """How long the response may be used; None when it is not to be stored."""
        ...
