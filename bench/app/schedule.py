"""Which request the application gets, and when, from a seed: the same for every contender. Pure."""

import math
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate, count
from random import Random
from typing import NamedTuple

from bench.app.spec import Spec
from sidecar.demo.plan import zipf
from sidecar.demo.workload import Endpoint


class Request(NamedTuple):
    """One request that the application gets."""

    number: int
    at: float
    """Seconds of the workload since the beginning."""
    endpoint: Endpoint
    user: int
    conversation: int
    media: int
    overhead: float
    """Seconds that the application itself takes."""
    replies: bool
    """Whether the bot answers, after the application has."""


def schedule(spec: Spec, *, seed: int, duration: float) -> list[Request]:
    """All requests of `duration` seconds in the order of their instants.

    A steady stream over all endpoints, and bursts of webhooks as phones that come back send them.
    """
    numbers = count()
    draw = _Draw(spec)
    steady = (
        draw.request(Random(f"{seed}:request:{n}"), next(numbers), at)
        for n, at in enumerate(_instants(Random(f"{seed}:arrivals"), 1 / spec.rate, duration))
    )
    bursts = (
        draw.request(Random(f"{seed}:burst:{n}:{k}"), next(numbers), at, hook=True)
        for n, start in enumerate(_instants(Random(f"{seed}:bursts"), spec.burst_every_s, duration))
        for k in range(spec.burst_size)
        if (at := start + _spread(seed, n, k) * spec.burst_over_s) < duration
    )
    return sorted([*steady, *bursts], key=lambda one: one.at)


def _instants(rng: Random, every: float, duration: float) -> Iterator[float]:
    at = rng.expovariate(1 / every)
    while at < duration:
        yield at
        at += rng.expovariate(1 / every)


def _spread(seed: int, burst: int, one: int) -> float:
    return Random(f"{seed}:spread:{burst}:{one}").random()


class _Draw:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        work = spec.workload
        self._weights = list(accumulate(endpoint.weight for endpoint in work.endpoints))
        self._conversations = zipf(work.conversations, work.zipf_conv)
        self._media = zipf(work.media, work.zipf_media)
        self._hook = next(one for one in work.endpoints if "webhook" in one.name)

    def request(self, rng: Random, number: int, at: float, *, hook: bool = False) -> Request:
        spec, work = self._spec, self._spec.workload
        chosen = bisect(self._weights, rng.random() * self._weights[-1])
        user = rng.randrange(spec.users)
        conversation = bisect(self._conversations, rng.random())
        # An agent works on conversations of his own account.
        conversation -= (conversation - user) % work.accounts
        overhead = spec.overhead_ms * math.exp(spec.overhead_sigma * rng.gauss()) / 1000
        return Request(
            number,
            at,
            self._hook if hook else work.endpoints[chosen],
            user,
            max(conversation, user % work.accounts),
            bisect(self._media, rng.random()),
            overhead,
            rng.random() < work.bot_reply_share,
        )
