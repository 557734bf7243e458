"""What the application does, and when: arrivals with all their calls, from a seed. Pure.

Both arms follow the same plan.
"""

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from sidecar.demo.targets import TARGETS, Provider
from sidecar.demo.workload import Endpoint, Workload

CALLS_PER_ARRIVAL = 32
"""Numbers that are kept free for one arrival, so that no two calls share one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the application to a provider."""

    number: int
    provider: Provider
    method: str
    target: str
    body: bytes
    timeout: float
    """Seconds that the application itself waits."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that the application gets, and the calls that it makes for it in turn."""

    at: float
    endpoint: str
    calls: tuple[Call, ...]
    background: tuple[Call, ...]
    """Made after the application has answered."""


def arrivals(workload: Workload, *, seed: int, rate: float) -> Iterator[Arrival]:
    """Arrivals without end, at random instants, `rate` a second on average."""
    rng = Random(f"{seed}:arrivals")
    endpoints = list(accumulate(endpoint.weight for endpoint in workload.endpoints))
    conversations = zipf(workload.conversations, workload.zipf_conv)
    media = zipf(workload.media, workload.zipf_media)
    at, number = 0.0, 0
    while True:
        at, number = at + rng.expovariate(rate), number + 1
        endpoint = workload.endpoints[bisect(endpoints, rng.random() * endpoints[-1])]
        values = _values(workload, bisect(conversations, rng.random()), bisect(media, rng.random()))
        replies = rng.random() < workload.bot_reply_share
        first = number * CALLS_PER_ARRIVAL
        steps = _calls(workload, _steps(endpoint), values, first)
        background = endpoint.background if replies else ()
        yield Arrival(
            at,
            endpoint.name,
            steps,
            _calls(workload, background, values, first + len(endpoint.steps)),
        )


def zipf(count: int, exponent: float) -> Sequence[float]:
    """Cumulated shares of `count` items by rank."""
    weights = list(accumulate(1 / rank**exponent for rank in range(1, count + 1)))
    return [weight / weights[-1] for weight in weights]


def media_id(number: int) -> str:
    """The id, at the Graph API, of the application's `number`-th media object."""
    return f"9{number:014}"


def _steps(endpoint: Endpoint) -> tuple[str, ...]:
    """An application that sends a message has its account in memory."""
    if endpoint.name.endswith("/send"):
        return tuple(step for step in endpoint.steps if step != "rest.account")
    return endpoint.steps


def _calls(
    workload: Workload, resources: Sequence[str], values: Mapping[str, str], first: int
) -> tuple[Call, ...]:
    calls = []
    for number, resource in enumerate(resources, start=first):
        target = TARGETS[resource]
        path, body = target.fill(values)
        group = workload.resources[resource].timeout_group
        timeout = workload.timeouts_s["before"][group]
        calls.append(Call(number, target.provider, target.method, path, body, timeout))
    return tuple(calls)


def _values(workload: Workload, conversation: int, media: int) -> dict[str, str]:
    account = conversation % workload.accounts
    return {
        "user": str(1 + account),
        "acct": str(1 + account),
        "acct_phone": f"1555000{account:04}",
        "conv": str(1 + conversation),
        "prof": str(1 + conversation % workload.profiles),
        "media": media_id(media),
        "phone": f"4917600{conversation:05}",
        "phone_id": f"10000000{account:04}",
        "wamid": f"wamid.{conversation}",
        "graph": "v23.0",
        "gemini": "v1beta",
        "model": "gemini-2.5-flash",
    }
