"""Two simulated providers that misbehave by a schedule: an API with rows, and one for messages."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.journal import Arrival, Journal
from tests.support import steps
from tests.support.upstream import Upstream
from tests.support.wire import WireRequest, chunked

MOODS = {
    "well": {"ok": 1.0},
    "flaky": {
        "ok": 0.55, "500": 0.08, "503": 0.05, "503-later": 0.05, "429": 0.05, "400": 0.03,
        "reset-early": 0.05, "reset-late": 0.05, "cut": 0.05, "slow": 0.02, "closing": 0.02,
    },
    "errors": {"500": 0.5, "503": 0.3, "ok": 0.2},
    "throttled": {"429": 0.6, "503-later": 0.2, "ok": 0.2},
    "hangs": {"hang-early": 0.5, "hang-late": 0.4, "ok": 0.1},
    "slow": {"slow": 0.7, "ok": 0.3},
    "resets": {"reset-early": 0.4, "reset-late": 0.3, "cut": 0.2, "ok": 0.1},
    "refused": {"ok": 1.0},
    "lost": {"ok": 1.0},
}  # fmt: skip
"""What becomes of a request, by how likely it is. `refused` and `lost` are of connections."""
DONE_FIRST = frozenset(("ok", "slow", "closing", "reset-late", "hang-late", "cut"))
"""Outcomes for which the provider acts before it fails. Of `500`, every second is."""


@dataclass(frozen=True, slots=True)
class Mood:
    """How a provider is, from an instant on."""

    at: float
    name: str


class Provider:
    """What both have in common: a place, moods, and how requests are met."""

    def __init__(
        self, name: str, port: int, seed: str, journal: Journal, moods: list[Mood]
    ) -> None:
        self.name = name
        self.upstream = Upstream(choose=self._choose, port=port)
        self.journal = journal
        self.dice = Random(f"{seed} {name}")
        self.moods = moods
        self._now: Callable[[], float] = journal.now

    @property
    def mood(self) -> str:
        """How it is now."""
        now = self._now()
        return next((each.name for each in reversed(self.moods) if each.at <= now), "well")

    def meets(self) -> str | None:
        """What a new connection meets."""
        mood = self.mood
        return mood if mood in ("refused", "lost") else None

    def _choose(self, request: WireRequest) -> Any:
        return (steps.body, self._play)

    async def _play(self, connection: Any, request: WireRequest) -> None:
        dice, mood = self.dice, MOODS[self.mood]
        outcome = dice.choices(list(mood), list(mood.values()))[0]
        number = int((request.values(b"x-nr") or [b"0"])[0])
        arrival = self.journal.arrives(number, outcome, self.name)
        answer = b""
        if outcome in DONE_FIRST or (outcome == "500" and dice.random() < 0.5):
            answer = self.act(request, number)
        await steps.wait(dice.uniform(0.005, 0.06))(connection, request)
        if outcome == "slow":
            await steps.wait(dice.uniform(0.5, 5.0))(connection, request)
        await self._answer(connection, request, outcome, arrival, answer)
        if len(self.upstream.connections) > 100:
            self.upstream.forget()

    async def _answer(
        self, connection: Any, request: WireRequest, outcome: str, arrival: Arrival, answer: bytes
    ) -> None:
        if outcome.startswith("hang"):
            await steps.stall(connection, request)
        elif outcome.startswith("reset"):
            self.reset(connection)
        elif outcome in ("ok", "slow"):
            await connection.send(answer)
        elif outcome == "closing":  # without a word of it
            await connection.send(answer)
            connection.transport.close()
        elif outcome == "cut":
            await connection.send(answer[: len(answer) - self.dice.randrange(1, 30)])
            if self.dice.random() < 0.5:
                self.reset(connection)
            else:
                connection.transport.close()
        else:
            await connection.send(self._refusal(outcome, arrival))

    def _refusal(self, outcome: str, arrival: Arrival) -> bytes:
        reasons = {"400": b"Bad Request", "429": b"Too Many Requests", "500": b"Internal Error"}
        status = outcome[:3]
        reason = status.encode() + b" " + reasons.get(status, b"Service Unavailable")
        fields = [b"Content-Type: application/json"]
        if outcome in ("429", "503-later"):
            arrival.later = float(self.dice.choice((1, 2)))
            arrival.answered_at = self._now()
            fields.append(b"Retry-After: %d" % arrival.later)
        return steps.message(b'{"error": "simulated"}', *fields, status=reason)

    def reset(self, connection: Any) -> None:
        """End it with a TCP reset."""
        connection.transport.reset()

    def act(self, request: WireRequest, number: int) -> bytes:
        """Do what is asked; the whole answer."""
        raise NotImplementedError


class Rows(Provider):
    """Rows with versions: a write makes the next version."""

    large = 90_000
    """Bytes of a large answer."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.versions: dict[int, int] = {}

    def act(self, request: WireRequest, number: int) -> bytes:
        path, _, query = request.target.decode().partition("?")
        user = (request.values(b"authorization") or [b"-"])[0].decode().removeprefix("Bearer ")
        told: dict[str, object] = {"user": user, "n": number, "at": round(self._now(), 3)}
        if path.startswith("/rest/v1/lists"):
            told["rows"] = [{"id": row} for row in range(3)]
        elif path.startswith("/rest/v1/items"):
            row = int(query.partition("eq.")[2])
            if request.method != b"GET":
                self.versions[row] = self.versions.get(row, 0) + 1
            told |= {"row": row, "version": self.versions.get(row, 0)}
            self.journal.say("does", method=request.method.decode(), **told)
        elif path.startswith("/pay"):
            self.journal.pays(request.values(b"idempotency-key")[0].decode())
        told["pad"] = "x" * self.dice.choice(
            (10, 300, 3000, self.large if path == "/raw/large" else 10)
        )
        if path.startswith("/stream"):
            return self._stream(told)
        told["end"] = True
        status = b"200 OK" if request.method == b"GET" else b"201 Created"
        fields = (b"Content-Type: application/json",)
        return steps.message(json.dumps(told).encode(), *fields, status=status)

    def _stream(self, told: dict[str, object]) -> bytes:
        frames = [f"data: {number}\n\n".encode() for number in range(self.dice.randrange(1, 12))]
        last = f"data: {json.dumps(told | {'end': True})}\n\n".encode()
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        )
        return head + b"\r\n" + chunked(*frames, last)


class Messages(Provider):
    """Acts on each message that it gets, as often as it gets it."""

    def act(self, request: WireRequest, number: int) -> bytes:
        message = json.loads(bytes(request.body))
        self.journal.acts(message["number"], message["to"])
        fields = (b"Content-Type: application/json",)
        return steps.message(b'{"messages": [{"id": "wamid.x"}]}', *fields)
