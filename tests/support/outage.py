"""What an outage does to the calls of an application, and what the sidecar promises about it."""

import asyncio
import json
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.support.fallible import Asked, Fallible, Mode, Traffic, fallible, now
from tests.support.lateness import BUSY, LATE
from tests.support.raw import get
from tests.support.sidecar import Running, running_sidecar

RATE = 20.0
"""Calls in a second."""

CONSECUTIVE = 5
SHORTEST, LONGEST = 0.25, 1.0
"""Of the breaker's defaults: failures that open it, and seconds between probes in the first minute
of an outage."""

_SIDECAR = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  api:
    url: {url}
    timeouts: {{connect: 1s, first_byte: {first_byte}s, total: {total}s}}
    breaker: {breaker}
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """What was seen of one: before it, during it and after it."""

    mode: Mode
    seconds: float
    first_byte: float
    total: float
    """The timeouts of the calls, in seconds."""
    attempts: list[float]
    """Seconds into the outage at which attempts reached the upstream, or were refused there."""
    went_down: float
    came_back: float
    calls: list[Asked]

    def figures(self) -> dict[str, float]:
        """What is worth recording; milliseconds where a name says so."""
        during, probes = self._opened(), self._probes()
        gaps = [later - sooner for sooner, later in pairwise(probes)]
        return {
            "attempts_before_opening": during,
            "probes": len(probes),
            "shortest_gap_ms": round(min(gaps, default=0.0) * 1000),
            "longest_gap_ms": round(max(gaps, default=0.0) * 1000),
            "latest_ms": round((max(call.took for call in self.calls) - self.total) * 1000, 1),
            "back_after_ms": round(self._back_after() * 1000),
            "failed_calls": sum(call.status != 200 for call in self.calls),
        }

    def check_attempts(self) -> None:
        """Few until the breaker opens; then probes only, and the pauses that it makes."""
        hangs = self.mode == "hangs"
        # Of calls that hang, more are under way when the first fails, and each may be repeated.
        under_way = 2 * RATE * self.first_byte + 1 if hangs else 1
        assert self._opened() <= CONSECUTIVE + under_way
        probes, busy = self._probes(), self.first_byte if hangs else 0.0
        most = sum(1 for _ in _schedule(self.seconds))
        assert self.seconds / (2 * LONGEST + busy) <= len(probes) <= most
        assert min(later - sooner for sooner, later in pairwise(probes)) >= SHORTEST - LATE

    def check_deadlines(self) -> None:
        """No call outlives its deadline."""
        late = sorted(call.took - self.total for call in self.calls)
        assert late[int(len(late) * 0.99)] <= LATE
        assert late[-1] <= LATE + BUSY

    def check_recovery(self) -> None:
        """Soon after the upstream is back, every call succeeds."""
        # A probe that hangs when the upstream comes back has to time out first.
        soon = LONGEST + BUSY + (self.first_byte if self.mode == "hangs" else 0.0)
        assert self._back_after() <= soon
        after = [call for call in self.calls if call.began > self.came_back + soon]
        assert after
        assert all(call.status == 200 for call in after)

    def median_of_refusals(self) -> float:
        """Seconds that a refusal by the open breaker takes."""
        took = [call.took for call in self.calls if call.error == "breaker_open"]
        assert len(took) > 10
        return statistics.median(took)

    def _opened(self) -> int:
        """Requests that arrived in the first burst: until the first pause of a cooldown."""
        for number, (sooner, later) in enumerate(pairwise(self.attempts), start=1):
            if later - sooner >= SHORTEST - LATE and number >= CONSECUTIVE:
                return number
        return len(self.attempts)

    def _probes(self) -> list[float]:
        return self.attempts[self._opened() :]

    def _back_after(self) -> float:
        ends = [call.began + call.took for call in self.calls if call.status == 200]
        return min(end for end in ends if end > self.came_back) - self.came_back


def _schedule(seconds: float) -> Iterator[float]:
    """When a breaker probes at the most: each pause half as long again as the one before.

    A tenth at most is taken off each pause. A probe that hangs takes no time if the call that is
    sent had waited until just before its deadline.
    """
    at, pause = 0.0, SHORTEST
    while at < seconds:
        at += 0.9 * pause
        pause = min(LONGEST, pause * 1.5)
        yield at


async def suffered(
    mode: Mode, seconds: float, *, first_byte: float = 0.3, total: float = 2.0, **breaker: str
) -> Outage:
    """A second of health, an outage, and some more health, under steady traffic."""
    async with fallible(mode) as upstream:
        text = _SIDECAR.format(
            url=upstream.url, first_byte=first_byte, total=total, breaker=json.dumps(breaker)
        )
        async with running_sidecar(text) as sidecar:
            refused = asyncio.ensure_future(_note_refusals(sidecar, upstream))
            traffic = Traffic(sidecar.proxy, get(), RATE)
            await traffic.flow(1.0)
            await upstream.go_down()
            await traffic.flow(seconds)
            await upstream.come_back()
            await traffic.flow(LONGEST + first_byte + BUSY + 1.0)
            await traffic.end()
            refused.cancel()
    attempts = upstream.arrived_while_down()
    times = upstream.went_down, upstream.came_back
    return Outage(mode, seconds, first_byte, total, attempts, *times, traffic.calls)


async def _note_refusals(sidecar: Running, upstream: Fallible) -> None:
    """Note connections that were refused as attempts: the upstream itself cannot see them."""
    stats, noted = sidecar.sidecar._parts.transports["api"].pool.stats, 0
    while True:
        refused = stats.dial_failures.get("connect_error", 0)
        upstream.arrivals.extend([now()] * (refused - noted))
        noted = refused
        await asyncio.sleep(0.005)
