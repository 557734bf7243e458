"""What happened, line by line, and what of it must not have happened.

The invariants are those that can be seen from outside: by who called, and by who was called.
Each has a short name, which is what a violation begins with.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from math import inf

ATTEMPTS = 3
"""The most attempts of one call; a safe one is also sent again at once over a dead connection."""
LATE = 0.05
"""Seconds that an answer may come after its deadline."""
WAY = 0.02
"""Seconds that a message may be under way, both ways, with what a loop takes."""
FRESH, STALE = 25.0, 80.0
"""Seconds that an answer may be old, in health and in trouble: by the longest of all settings."""
REFUSALS = frozenset(("429", "503-later"))
"""Outcomes by which the provider says that nothing was done."""


@dataclass(slots=True)
class Call:
    """One call of an application, and what it came to."""

    number: int
    user: str
    kind: str
    method: str
    row: int
    began: float
    total: float
    floor: int = 0
    """The version of the row that had been written, and acknowledged, when the call began."""
    arrivals: list["Arrival"] = field(default_factory=list)
    status: int | None = None


@dataclass(slots=True)
class Arrival:
    """A request at the provider."""

    at: float
    outcome: str
    life: int
    """Which start of the sidecar it came from."""
    answered_at: float | None = None
    later: float | None = None
    """Seconds that its answer asked to wait (Retry-After)."""


class Journal:
    """The log of one run. `now` says the virtual time."""

    def __init__(self, now: Callable[[], float], show: Callable[[str], None] | None = None) -> None:
        self.now = now
        self._show = show
        self._digest = hashlib.sha256()
        self.lines = 0
        self.tail: list[str] = []
        self.violations: list[str] = []
        self.calls: dict[int, Call] = {}
        self.counts: Counter[str] = Counter()
        self.acked_versions: dict[int, int] = defaultdict(int)
        self.accepted: dict[int, str] = {}
        """The delivery of each message that was accepted."""
        self.accepted_at: dict[int, float] = {}
        self.sent: Counter[int] = Counter()
        """How often each message was acted on."""
        self.lanes: dict[str, list[int]] = defaultdict(list)
        self.paid: Counter[tuple[str, int]] = Counter()
        """How often a payment was acted on, by its key and by the life of the sidecar."""
        self.life = 0

    def say(self, what: str, **more: object) -> None:
        """Write a line down."""
        fields = " ".join(f"{name}={value}" for name, value in more.items())
        line = f"{self.now():12.6f} {what} {fields}"
        self._digest.update(line.encode() + b"\n")
        self.lines += 1
        self.counts[what] += 1
        if self._show is not None:
            self._show(line)

    @property
    def digest(self) -> str:
        """The same for the same history."""
        return self._digest.hexdigest()[:16]

    def violated(self, name: str, why: str) -> None:
        """Something happened that must not."""
        self.violations.append(f"{name}: {why} (at {self.now():.6f})")
        self.say("VIOLATION", name=name, why=why)

    def holds(self, truth: bool, name: str, why: str) -> None:
        """It is a violation unless it is true."""
        self.counts[f"checked {name}"] += 1
        if not truth:
            self.violated(name, why)

    # What applications see.

    def begins(self, call: Call) -> None:
        """A call begins."""
        call.floor = self.acked_versions[call.row]
        self.calls[call.number] = call
        self.say("call", n=call.number, user=call.user, kind=call.kind, row=call.row)

    def head(self, call: Call, status: int, error: str) -> None:
        """The head of its answer came."""
        call.status = status
        took = self.now() - call.began
        self.say("head", n=call.number, status=status, error=error, took=f"{took:.6f}")
        self.holds(took <= call.total + LATE + WAY, "deadline", f"call {call.number}: {took:.3f} s")

    def answered(self, call: Call, answer: dict[str, object], cached: str, degraded: str) -> None:
        """A whole answer of the provider came, with a status of success."""
        number = call.number
        self.holds(answer.get("end") is True, "whole", f"call {number} got a part for a whole")
        self.holds(answer["user"] == call.user, "own-answer", f"call {number} got {answer['user']}")
        if "version" not in answer:
            return
        version = int(str(answer["version"]))
        if call.method != "GET":
            newest = max(self.acked_versions[call.row], version)
            self.acked_versions[call.row] = newest
            return
        age = self.now() - float(str(answer["at"]))
        longest = STALE if degraded else FRESH
        old = f"call {number} got what is {age:.1f} s old ({cached} {degraded})"
        self.holds(age <= longest + LATE + call.total, "age", old)
        self.holds(answer["row"] == call.row, "own-answer", f"call {number} got another row")
        fresh = f"call {number} got {version}, and {call.floor} was written ({cached} {degraded})"
        self.holds(version >= call.floor, "own-write", fresh)

    def accepts(self, call: Call, delivery: str) -> None:
        """The sidecar promises to deliver it."""
        self.accepted[call.number] = delivery
        self.accepted_at[call.number] = self.now()

    def left(self, call: Call, why: str) -> None:
        """It ended without a whole answer."""
        self.say("left", n=call.number, why=why)

    # What the provider sees.

    def arrives(self, number: int, outcome: str, provider: str) -> Arrival:
        """A request arrived at the provider; judged by what the call's earlier attempts came to."""
        now = self.now()
        arrival = Arrival(now, outcome, self.life)
        self.say("arrives", at=provider, n=number, outcome=outcome)
        call = self.calls.get(number)
        if call is not None:
            if call.kind in ("raw", "post"):
                self._judge(call, arrival)
            call.arrivals.append(arrival)
        return arrival

    def _judge(self, call: Call, arrival: Arrival) -> None:
        number, earlier = call.number, call.arrivals
        safe = call.method == "GET"
        most = ATTEMPTS * (2 if safe else 1)
        self.holds(len(earlier) < most, "attempts", f"call {number} was sent too often")
        late = arrival.at - call.began - call.total
        self.holds(late <= WAY, "deadline", f"call {number} was sent {late:.3f} s too late")
        if not earlier:
            return
        last = earlier[-1]
        if not safe:
            twice = f"POST {number} was sent again after {last.outcome}"
            self.holds(last.outcome in REFUSALS, "not-twice", twice)
        self.holds(last.outcome != "400", "no-use", f"call {number} was sent again after 400")
        if last.later is not None and last.answered_at is not None:
            waited = arrival.at - last.answered_at
            early = f"call {number} came back after {waited:.3f} s, asked for {last.later}"
            self.holds(waited >= last.later, "retry-after", early)

    def acts(self, number: int, lane: str) -> None:
        """A message is acted on."""
        self.sent[number] += 1
        self.lanes[lane].append(number)
        self.say("acts", message=number, lane=lane)
        self.holds(self.sent[number] == 1, "once", f"message {number} was sent twice")

    def pays(self, key: str) -> None:
        """A payment is made; what the ledger knows ends with the process."""
        self.paid[key, self.life] += 1
        self.say("pays", key=key)
        self.holds(self.paid[key, self.life] == 1, "paid-once", f"{key} was paid twice")

    # At the end.

    def judge_messages(self, states: dict[str, dict[str, object]]) -> None:
        """Nothing that was accepted is lost or in the wrong order."""
        for number, name in self.accepted.items():
            found = states.get(name)
            self.holds(found is not None, "not-lost", f"message {number} ({name}) is gone")
            if found is None:
                continue
            state, times = found["state"], self.sent[number]
            told = f"message {number} is {state}, and was sent {times} times"
            self.holds(state in ("delivered", "unknown", "failed"), "settled", told)
            self.holds(state != "delivered" or times == 1, "settled", told)
            self.holds(state != "failed" or times == 0, "settled", told)
        for lane, numbers in self.lanes.items():
            for sooner, later in combinations(numbers, 2):
                overtaken = self.accepted_at.get(later, inf) < self.calls[sooner].began
                why = f"{sooner} before {later}, which was accepted before, in {lane}"
                self.holds(not overtaken, "in-order", why)
