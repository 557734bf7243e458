"""What is configured, what an upstream may do, and what is known of each attempt."""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecar.errors import TruncatedBody
from sidecar.exchange import Exchange

TOTAL, FIRST_BYTE = 6.0, 2.5
ATTEMPTS, RATIO, BURST, RESERVE, HALF_LIFE = 8, 0.1, 6, 1, 100.0
HOLD, MOST_HELD, PROBE = 1.5, 3, 2.0
MAX_WAIT, WAITERS = 0.5, 4
RATE, PACE_BURST, PACE_WAITERS = 5.0, 3, 4
HEDGE_AFTER, HEDGE_RATIO, HEDGE_BURST = 0.3, 0.2, 5
MAX_ASKED = 2.0
EPSILON = 1e-6
BODY = b"a message, byte for byte"
SAFE = ("GET", "HEAD")
UPSTREAMS = ("api", "other")


class Built(NamedTuple):
    """Which layers are configured."""

    breaker: bool
    narrow: bool
    """Whether the limit is one that is reached."""
    paced: bool
    hedged: bool

    @property
    def inflight(self):
        return 3 if self.narrow else 1000

    def text(self):
        return "upstreams:\n" + "".join(self.upstream(name) for name in UPSTREAMS)

    def upstream(self, name):
        lines = [
            f"{name}:",
            f"  url: http://{name}.test",
            f"  timeouts: {{total: {TOTAL}s, first_byte: {FIRST_BYTE}s}}",
            f"  retry: {{attempts: {ATTEMPTS}, base: 100ms, cap: 400ms, max_wait: {MAX_ASKED}s,",
            f"          budget: {{ratio: {RATIO}, burst: {BURST}, reserve: {RESERVE},",
            f"                   half_life: {HALF_LIFE}s}}}}",
            f"  limit: {{inflight: {self.inflight}, max_wait: {MAX_WAIT}s,",
            f"          max_waiters: {WAITERS}}}",
            f"  breaker: {{enabled: {str(self.breaker).lower()}, key: route, hold: {HOLD}s,",
            f"            max_held: {MOST_HELD}, consecutive: 3, probe_timeout: {PROBE}s,",
            "            early: 1h}",
            f"  hedge: {{enabled: {str(self.hedged).lower()}, delay: {HEDGE_AFTER}s,",
            f"          ratio: {HEDGE_RATIO}}}",
            "  routes:",
            "    - {name: one, match: {path: /one}}",
            "    - {name: two, match: {path: /two}}",
        ]
        if self.paced:
            lines.append(
                f"  pace: [{{rate: {RATE:g}/s, burst: {PACE_BURST}, key: 'header:x-to',"
                f" max_wait: 2s, max_waiters: {PACE_WAITERS}}}]"
            )
        return "".join(f"  {line}\n" for line in lines)


class Mood(NamedTuple):
    """What the upstream does with whatever comes to a route."""

    status: int = 200
    error: str = ""
    after: float | None = None
    """Retry-After."""
    took: float = 0.02
    body: float = 0.0
    """Seconds that the body takes."""
    breaks: bool = False
    """Whether the body breaks."""

    @property
    def failed(self):
        """Whether it counts against the upstream."""
        return bool(self.error) or self.status >= 500 or self.breaks or self.took > FIRST_BYTE

    @property
    def proves_undone(self):
        said = self.status == 503 and self.after is not None
        return self.error == "connect_error" or self.status in {408, 425, 429} or said


MOODS = (
    Mood(),
    Mood(took=0.5),
    Mood(body=0.7),
    Mood(breaks=True),
    Mood(400),
    Mood(404),
    Mood(429),
    Mood(429, after=1.0),
    Mood(429, after=30.0),
    Mood(500),
    Mood(503),
    Mood(503, after=0.5),
    Mood(503, took=1.0),
    Mood(error="connect_error"),
    Mood(error="upstream_reset", took=0.1),
    Mood(took=60.0),
)


@dataclass(eq=False)
class Attempt:
    """One attempt as the upstream saw it."""

    number: int
    began: float
    mood: Mood
    probe: bool
    ended: float | None = None
    """When its head went, or it broke."""
    closed: bool = False
    cut: bool = False
    """Whether the sidecar ended it."""


@dataclass(eq=False)
class Call:
    """One call of the application."""

    order: int
    method: str
    name: str
    """Of the upstream."""
    route: str
    to: str
    began: float
    exchange: Exchange
    attempts: list[Attempt] = field(default_factory=list)


class Slow:
    """A body that takes its time, and may break."""

    def __init__(self, call_later, mood):
        self.length = 6
        self._later, self._mood = call_later, mood
        self._left = [b"answer", b""]

    def take(self):
        if self._mood.body or self._mood.breaks:
            return None
        return self._left.pop(0) if self._left else b""

    async def read(self):
        if self._mood.body:
            await asyncio.sleep(self._mood.body)
        if self._mood.breaks:
            raise TruncatedBody("cut off", code="truncated_body")
        return self._left.pop(0) if self._left else b""
