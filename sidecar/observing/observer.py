"""Chooses the calls that are looked at, and brings together what is known of each when it ends.

The layer tells it of calls that begin and of answers, the records of all calls that end. It keeps
digests that mean nothing outside of this process, and decides nothing of what is learnt.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sidecar.core.advice import Asked, Learnt
from sidecar.core.advice.shape import Shapes, skim
from sidecar.core.cache.credentials import names_a_credential
from sidecar.exchange import Exchange
from sidecar.telemetry import redact
from sidecar.telemetry.record import Record

_Field = Literal["who", "schema", "trace", "other"]

_MOST_OPEN = 4096
"""Calls that are followed at once; beyond, the oldest is let go."""
_MOST_NAMES = 512
"""Names of header fields whose kind is remembered."""
_TOO_MANY = 429
_TRACE = b"traceparent"
"""W3C Trace Context §3.2: version, trace, span, flags."""
_TRACE_ENDS = 35
"""Where the trace's own id ends in it."""


@dataclass(slots=True, eq=False)
class Looked:
    """One call that is looked at, until it ends."""

    asked: Asked
    digest: int | None = None
    """Of the answer, once it is known."""


class Observer:
    """Learns from a sidecar's calls.

    Args:
        per_second: the most calls of a second that are looked at.
        now: the Clock's `now`.
    """

    def __init__(self, per_second: int, now: Callable[[], float]) -> None:
        self.learnt = Learnt()
        self._per_second = per_second
        self._now = now
        self._second = 0
        self._left = per_second
        self._open: OrderedDict[str, Looked] = OrderedDict()
        self._shapes = Shapes(redact.is_secret)
        self._kinds: dict[bytes, _Field] = {}
        """Of header fields, by their names as they came."""
        self._counts: dict[tuple[str, str], list[int]] = {}
        """By route: a second, the calls that ended in it, and of them the refused."""

    def __repr__(self) -> str:
        return f"<Observer of {len(self._open)} calls, {self.learnt!r}>"

    def begin(self, exchange: Exchange) -> Looked | None:
        """A call begins; None where it is not looked at."""
        second = int(self._now())
        if second != self._second:
            self._second, self._left = second, self._per_second
        if self._left <= 0 or exchange.background:
            return None
        self._left -= 1
        looked = self._open[exchange.id] = Looked(self._asked(exchange))
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return looked

    def _asked(self, exchange: Exchange) -> Asked:
        request, kinds = exchange.request, self._kinds
        who: list[bytes] = []
        schema, trace = b"", b""
        for name, value in request.headers:
            kind = kinds.get(name) or self._learn_kind(name)
            if kind == "who":
                who += (name, value)
            elif kind == "schema":
                schema += value + b","
            elif kind == "trace":
                trace = value[:_TRACE_ENDS]
        caller, skimmed = hash(tuple(who)), skim(request.target)
        shape = self._shapes.of(request, skimmed, schema.decode("latin-1"))
        known = shape.columns("equal")  # all others are no names of columns, whatever they are
        return Asked(
            upstream=exchange.upstream,
            route=exchange.route,
            shape=shape,
            key=hash((request.method, request.target, schema, caller)),
            group=hash(trace) if trace else caller,
            traced=bool(trace),
            offset=skimmed.offset,
            operands=tuple([(c, hash(same)) for c, same in skimmed.operands if c in known]),
        )

    def _learn_kind(self, name: bytes) -> _Field:
        if len(self._kinds) >= _MOST_NAMES:
            self._kinds.clear()
        kind = self._kinds[name] = _kind(name)
        return kind

    def sink(self, record: Record) -> None:
        """A call has ended."""
        self._count(record)
        if self._open and (looked := self._open.pop(record.id, None)) is not None:
            self.learnt.see(looked.asked, record, looked.digest)

    def allow(self, per_second: int) -> None:
        """Look at so many calls of a second from the next one on, as another configuration says."""
        self._per_second = per_second

    def forget(self) -> None:
        """Begin anew, as after a change whose effect is to be seen."""
        self.learnt = Learnt()
        self._counts.clear()

    def settle(self) -> Learnt:
        """What was learnt, with the second that is not over."""
        for route in tuple(self._counts):
            self._told(route)
        return self.learnt

    def _count(self, record: Record) -> None:
        if record.source != "upstream":
            return
        route = (record.upstream, record.route)
        second = int(record.started_wall + record.duration)
        counts = self._counts.get(route)
        if counts is None:
            counts = self._counts[route] = [second, 0, 0]
        elif counts[0] != second:
            self._told(route)
            counts[0] = second
        if record.attempts == 1 and record.status != _TOO_MANY:
            counts[1] += 1
            return
        refused = sum(tried.status == _TOO_MANY for tried in record.trail)
        refused = refused or (record.status == _TOO_MANY)
        counts[1] += max(0, record.attempts - refused)
        counts[2] += refused

    def _told(self, route: tuple[str, str]) -> None:
        second, accepted, refused = self._counts[route]
        if accepted or refused:
            self.learnt.counted(route, second, accepted=accepted, refused=refused)
        self._counts[route][1:] = (0, 0)


def _kind(name: bytes) -> _Field:
    """What a header field is to the observer."""
    lower = name.lower()
    if lower in (b"accept-profile", b"content-profile"):
        return "schema"
    if lower == _TRACE:
        return "trace"
    return "who" if names_a_credential(name) else "other"
