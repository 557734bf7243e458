"""A provider that all sidecars share: so many workers, one queue, and what goes wrong with it.

It never notices that a caller has given up: work that nobody waits for any more takes a worker all
the same. That is what keeps an overload going after its cause is gone (N. Bronson et al.,
"Metastable Failures in Distributed Systems", HotOS 2021).
"""

import heapq
from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from sidecar.clock import Clock
from sidecar.errors import AttemptTimeout, DeadlineExceeded
from sidecar.exchange import BytesBody, Exchange, Response

_SERVICE = 0.1
"""Seconds that a request takes in the mean, exponentially distributed."""
_REFUSAL = 0.005
"""Seconds after which an answer comes that is no work."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, from `at` on for so many `seconds`."""

    kind: Literal["outage", "brownout"]
    """All requests get 503 at once; or everything takes four times as long."""
    at: float
    seconds: float

    @property
    def until(self) -> float:
        """When all is well with the provider again."""
        return self.at + self.seconds

    def holds(self, now: float) -> bool:
        """Whether it is now."""
        return self.at <= now < self.until


_SLOWER = 4.0


@dataclass(slots=True)
class Provider:
    """The transport of all simulated sidecars.

    It has workers for `capacity` requests per second, and answers 429 to whatever comes beyond
    `limit` per second, counted over the last second.
    """

    capacity: float
    limit: float | None
    """None where nobody counts."""
    first_byte: float
    """Seconds that a sidecar waits for an answer."""
    trouble: Trouble
    clock: Clock
    dice: Random
    sent: Counter[int] = field(init=False, default_factory=Counter)
    """Requests that came, by second."""
    caused: Counter[int] = field(init=False, default_factory=Counter)
    """The same, by the second in which the call began that they were made for."""
    refused: Counter[int] = field(init=False, default_factory=Counter)
    """Those among them that were beyond the limit."""
    _free: list[float] = field(init=False)
    """When each worker is free; a heap."""
    _lately: deque[float] = field(init=False, default_factory=deque)

    def __post_init__(self) -> None:
        self._free = [0.0] * max(1, round(self.capacity * _SERVICE))

    @property
    def backlog(self) -> float:
        """Seconds that a request waits for a worker now."""
        return max(0.0, self._free[0] - self.clock.now())

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Answer, or let the caller's timer expire.

        Raises:
            AttemptTimeout: it took longer than `first_byte`.
            DeadlineExceeded: it took longer than the call had.
        """
        now, timeline = self.clock.now(), exchange.timeline
        self.sent[int(now)] += 1
        self.caused[int(timeline.started)] += 1
        timeline.sent_at = now
        status, seconds = self.answer(now)
        left = exchange.deadline - now
        patience = min(self.first_byte, left)
        await self.clock.sleep(min(seconds, patience))
        timeline.at_upstream += min(seconds, patience)
        if seconds > patience:
            if left < self.first_byte:
                raise DeadlineExceeded("the time of this call is over", code="total_timeout")
            raise AttemptTimeout("no answer came in time", code="first_byte_timeout")
        timeline.first_byte_at = self.clock.now()
        headers = [(b"Retry-After", b"1")] if status == 429 else []
        return Response(status, b"", headers, BytesBody(b""))

    def answer(self, now: float) -> tuple[int, float]:
        """The status, and the seconds until it is sent, of a request that comes now."""
        if self._is_beyond_limit(now):
            self.refused[int(now)] += 1
            return 429, _REFUSAL
        if self.trouble.kind == "outage" and self.trouble.holds(now):
            return 503, _REFUSAL
        begins = max(now, heapq.heappop(self._free))
        seconds = self.dice.expovariate(1 / _SERVICE)
        if self.trouble.kind == "brownout" and self.trouble.holds(begins):
            seconds *= _SLOWER
        heapq.heappush(self._free, begins + seconds)
        return 200, begins + seconds - now

    def _is_beyond_limit(self, now: float) -> bool:
        if self.limit is None:
            return False
        lately = self._lately
        while lately and lately[0] <= now - 1.0:
            lately.popleft()
        if len(lately) >= self.limit:
            return True
        lately.append(now)
        return False
