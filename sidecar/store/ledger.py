"""The ledger in a store that outlives the process: claims before calls, outcomes after them.

Reads and writes records; what they mean is decided in `core/ledger_shared.py`. A store that does
not answer is as if it were not there.
"""

import asyncio
from functools import partial
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core.ledger import ANSWER_LOST, UNKNOWN, Answer, Outcome, Refuse, Replay
from sidecar.core.ledger_key import Fingerprint
from sidecar.core.ledger_shared import Elsewhere, Found, Known, decide
from sidecar.exchange import RawHeaders
from sidecar.store import WriteBehind
from sidecar.store.serializer import Plain, Unreadable, dumps, loads

_PREFIX = "ledger:"
_POLL = 0.1
"""Seconds between two looks at a call that another sidecar makes."""
_FORBIDDEN = frozenset(b"\r\n\0")
_GRACE = 5.0
"""Seconds after its deadline in which a call may still write its outcome."""


class Asked(NamedTuple):
    """What the other sidecars leave to do."""

    step: Replay | Refuse | None
    """None: make the call."""
    known: Known | None = None
    """What the step is because of, to be remembered."""


class SharedLedger:
    """The claims and outcomes of keys in a shared store.

    Args:
        store: where they are kept.
        keep: seconds that an outcome is kept.
        clock: its wall clock dates them, since others read them.
    """

    def __init__(self, store: WriteBehind, keep: float, clock: Clock) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock

    async def ask(
        self, key: str, fingerprint: Fingerprint, *, honoured: bool, give_up: float, deadline: float
    ) -> Asked:
        """Claim the key among all who share the store; wait while another has it.

        Args:
            key: of the call.
            fingerprint: of the call.
            honoured: whether the upstream does a call with the same key once only.
            give_up: the instant until which to wait.
            deadline: the instant until which the call itself may take.
        """
        seen = False
        while True:
            left = deadline - self._clock.now()
            found = await self._claim(key, fingerprint, left)
            step = decide(found, fingerprint, honoured=honoured, seen=seen, wall=self._clock.wall())
            if step == "take_over":
                self._store.soon(_PREFIX + key, self._record(fingerprint, left), self._keep)
                return Asked(None)
            if step == "send":
                return Asked(None)
            if step != "again":
                known = found if isinstance(found, Known) else None
                return Asked(step, None if step == Refuse("reused") else known)
            if self._clock.now() >= give_up:
                return Asked(Refuse("in_flight"))
            seen = True
            await self._clock.sleep(_POLL)

    async def _claim(self, key: str, fingerprint: Fingerprint, left: float) -> Found:
        """Write that the call is under way, unless something is written already: that, then."""
        record = self._record(fingerprint, left)
        adding = asyncio.ensure_future(self._store.add(_PREFIX + key, record, self._keep))
        try:
            done = await asyncio.shield(adding)
        except asyncio.CancelledError:
            adding.add_done_callback(partial(self._unclaim, key))
            raise
        if done is not False:
            return "unsaid" if done is None else "ours"
        return await self.look(key, fingerprint) or "taken"

    def _unclaim(self, key: str, adding: asyncio.Future[bool | None]) -> None:
        """Nobody will make the call that was claimed when the client left."""
        if not adding.cancelled() and adding.exception() is None and adding.result():
            self._store.soon(_PREFIX + key, None, 0.0)

    async def look(self, key: str, fingerprint: Fingerprint) -> Elsewhere | Known | None:
        """What is written of the key; None where nothing is, or the store does not say.

        What cannot be read was written for this very call, so the call may have been made.
        """
        data = await self._store.get(_PREFIX + key)
        if data is None:
            return None
        try:
            return self._read(loads(data))
        except (Unreadable, ValueError):
            return Known(fingerprint, UNKNOWN, self._keep)

    def publish(self, key: str, fingerprint: Fingerprint, outcome: Outcome) -> None:
        """Have written what became of the call."""
        if outcome.kind == "not_done":
            self._store.soon(_PREFIX + key, None, 0.0)
            return
        ends: Plain = self._clock.wall() + self._keep
        record: list[Plain] = [outcome.kind, *fingerprint, ends]
        if outcome.answer is not None:
            status, reason, headers, body = outcome.answer
            fields: list[Plain] = [part for field in headers for part in field]
            record += [status, reason, fields, body]
        data = dumps(record)
        if len(data) > self._store.max_object:  # that it was done must be known all the same
            data = dumps(["answer_lost", *fingerprint, ends])
        self._store.soon(_PREFIX + key, data, self._keep)

    def _record(self, fingerprint: Fingerprint, left: float) -> bytes:
        until: Plain = self._clock.wall() + min(left, self._keep) + _GRACE
        return dumps(["claim", *fingerprint, until])

    def _read(self, record: list[Plain]) -> Elsewhere | Known:
        match record:
            case [str(kind), bytes(head), bytes() | None as body, float(time), *rest]:
                fingerprint = Fingerprint(head, body)
            case _:
                raise ValueError("no record of a call")
        match kind, rest:
            case "claim", []:
                return Elsewhere(fingerprint, time)
            case "unknown", []:
                outcome = UNKNOWN
            case "answer_lost", []:
                outcome = ANSWER_LOST
            case "answered", [int(status), bytes(reason), list(fields), bytes(content)]:
                answer = Answer(_status(status), _line(reason), _pairs(fields), content)
                outcome = Outcome("answered", answer)
            case _:
                raise ValueError("no record of a call")
        return Known(fingerprint, outcome, time - self._clock.wall())


def _status(value: int) -> int:
    if not 200 <= value <= 599:
        raise ValueError("no status")
    return value


def _line(value: Plain) -> bytes:
    """Bytes that cannot end a line of a response: the store may be somebody else's too."""
    if not isinstance(value, bytes) or not _FORBIDDEN.isdisjoint(value):
        raise ValueError("no line")
    return value


def _pairs(fields: list[Plain]) -> RawHeaders:
    """Names and values, alternating."""
    lines = [_line(field) for field in fields]
    return list(zip(lines[::2], lines[1::2], strict=True))
