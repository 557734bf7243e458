"""One run: so many sidecars, their applications and one provider, in virtual time.

The sidecars are the real ones from the retry layer down (retry, breaker, pace, limit, judge), with
the cores that decide for them; only the transport is replaced, by the simulated provider.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from bench.fleet.provider import Provider, Trouble
from sidecar.config import Config, Upstream
from sidecar.core.routing import RouteTable
from sidecar.dialects import dialect_of
from sidecar.errors import ExchangeError
from sidecar.exchange import Exchange, Handler, Request, Timeline, stack
from sidecar.layers.judge import judge
from sidecar.parts.resilience import Resilience
from tests.support.virtual_time import VirtualClock, in_virtual_time

FIRST_BYTE = 1.0
"""Seconds that a sidecar waits for an answer: ten times what one takes."""
TOTAL = 5.0
"""Seconds that an application waits, all attempts included."""
_AGE = 3600.0
"""Seconds that a sidecar has run: of what its budget began with, nothing is left."""
READS = 0.8
"""The share of calls that may be made twice; the rest is POST."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated."""

    sidecars: int
    upstream: Upstream
    trouble: Trouble
    rate: float
    """Calls per second of all applications together."""
    capacity: float
    """Of the provider, per second."""
    limit: float | None = None
    """What the provider takes per second before it answers 429; None for any number."""
    seconds: float = 90.0
    seed: int = 20


@dataclass(slots=True)
class Outcome:
    """What became of it, by second."""

    offered: Counter[int] = field(default_factory=Counter)
    good: Counter[int] = field(default_factory=Counter)
    """Calls answered well, by the second in which they began."""
    sent: Counter[int] = field(default_factory=Counter)
    """Requests that reached the provider."""
    caused: Counter[int] = field(default_factory=Counter)
    """The same, by the second in which the call began that they were made for."""
    refused: Counter[int] = field(default_factory=Counter)
    """Requests beyond its limit."""
    backlog: dict[int, float] = field(default_factory=dict)
    """Seconds of work that waits at the provider."""
    codes: Counter[str] = field(default_factory=Counter)
    """How calls ended that were not answered well."""


def simulate(setting: Setting) -> Outcome:
    """The same setting gives the same outcome."""
    random.seed(setting.seed)  # jitter of waits is drawn from the module
    return in_virtual_time(_Fleet(setting).run())


class _Fleet:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._dice = Random(setting.seed)
        self._clock = VirtualClock()
        self._outcome = Outcome()
        self._calls: set[asyncio.Task[None]] = set()
        config = Config(upstreams={"api": setting.upstream})
        self._route = next(iter(RouteTable.from_config(config).entries))

    async def run(self) -> Outcome:
        setting, dice, outcome = self._setting, self._dice, self._outcome
        provider = Provider(
            capacity=setting.capacity,
            limit=setting.limit,
            first_byte=FIRST_BYTE,
            trouble=setting.trouble,
            clock=self._clock,
            dice=Random(setting.seed + 1),
        )
        outcome.sent, outcome.caused = provider.sent, provider.caused
        outcome.refused = provider.refused
        handlers = [self._sidecar(provider) for _ in range(setting.sidecars)]
        while (now := self._clock.now()) < setting.seconds:
            outcome.backlog.setdefault(int(now), round(provider.backlog, 3))
            call = asyncio.create_task(self._call(dice.choice(handlers), now))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            await self._clock.sleep(dice.expovariate(setting.rate))
        await asyncio.gather(*self._calls)
        return outcome

    def _sidecar(self, provider: Provider) -> Handler:
        upstream, route = self._setting.upstream, self._route
        shared = Resilience("api", upstream, self._clock, b"secret", self._dice.random)
        shared.budget.is_ample(-_AGE)
        return stack(
            shared.retry(route),
            shared.breaker(route),
            shared.pace(route),
            shared.limit(route),
            shared.recheck(),
            judge(dialect_of(route.config.dialect), self._clock, shared.usage.see),
            on=provider,
        )

    async def _call(self, handler: Handler, now: float) -> None:
        second = int(now)
        self._outcome.offered[second] += 1
        method = "GET" if self._dice.random() < READS else "POST"
        request = Request(method, "/", [])
        exchange = Exchange("", "api", "default", request, now + TOTAL, Timeline(now))
        try:
            response = await handler(exchange)
        except ExchangeError as error:
            self._outcome.codes[error.code] += 1
            return
        response.close()
        if response.status == 200:
            self._outcome.good[second] += 1
        else:
            self._outcome.codes[f"http_{response.status}"] += 1
