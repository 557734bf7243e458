"""What is asked of the cache, step by step: traces for `bench.eviction`. Seeded and pure.

Two come from the workload of the demonstration (`sidecar/demo/workload.json`), the others are the
usual synthetic ones of the literature on eviction.
"""

import json
import math
import random
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

from sidecar.demo.plan import zipf
from sidecar.store.bounded import ENTRY

FOREVER = math.inf
_SEED = 24


class Step(NamedTuple):
    """One thing that happens to the cache."""

    at: float
    """Seconds from the start."""
    key: str
    size: int
    """Bytes of the answer; 0: a write has made what is kept under the key doubtful."""
    ttl: float
    """Seconds that the answer is fresh."""


Trace = list[Step]


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the application is, and how long it is watched. Without arguments: as written."""

    hours: float = 1.0
    times: int = 1
    """How many times as many users, accounts, conversations and media; the rate stays."""
    scan_every: float = 0.0
    """Seconds between two jobs that read `scan` pages and media once, and never again; 0: none."""
    scan: int = 1000


def workload(scale: Scale) -> Trace:
    """What the application of the workload asks for: its endpoints, one resource after the other.

    Sizes are those of such answers: 0.5-4 KB for a row, 2-40 KB for a list, 50-800 KB for media.
    """
    spec = json.loads(files("sidecar.demo").joinpath("workload.json").read_bytes())
    return _App(spec, scale).trace()


class _App:
    def __init__(self, spec: Mapping[str, Any], scale: Scale) -> None:
        self._spec = spec
        self._scale = scale
        self._dice = random.Random(_SEED)
        self._conversations = zipf(spec["conversations"] * scale.times, spec["zipf_conv"])
        self._media = zipf(spec["media"] * scale.times, spec["zipf_media"])
        self._weights = [sum(e["weight"] for e in spec["endpoints"][: n + 1]) for n in range(14)]
        self._sizes: dict[str, int] = {}
        self._of_tag: dict[str, set[str]] = {}

    def trace(self) -> Trace:
        end = self._scale.hours * 3600
        steps = [*self._requests(end), *self._bursts(end), *self._scans(end)]
        return sorted(steps, key=lambda step: step.at)

    def _requests(self, end: float) -> Iterator[Step]:
        at, endpoints = 0.0, self._spec["endpoints"]
        while (at := at + self._dice.expovariate(self._spec["rate_rps"])) < end:
            number = bisect(self._weights, self._dice.random() * self._weights[-1])
            yield from self._request(at, endpoints[number])

    def _bursts(self, end: float) -> Iterator[Step]:
        """Messages come in together."""
        bursts, at = self._spec["webhook_bursts"], 0.0
        hook = next(e for e in self._spec["endpoints"] if "webhook" in e["name"])
        while (at := at + self._dice.expovariate(1 / bursts["every_s"])) < end:
            for _ in range(bursts["size"]):
                yield from self._request(at + self._dice.uniform(0, bursts["over_s"]), hook)

    def _request(self, at: float, endpoint: Mapping[str, Any]) -> Iterator[Step]:
        values = self._values(service="webhook" in endpoint["name"])
        names = list(endpoint["steps"])
        if self._dice.random() < self._spec["bot_reply_share"]:
            names += endpoint["background"]
        for number, name in enumerate(names):
            yield from self._call(at + number / 10, name, values)

    def _values(self, *, service: bool) -> dict[str, str]:
        spec, times = self._spec, self._scale.times
        accounts = spec["accounts"] * times
        user = self._dice.randrange(spec["users"] * times)
        conversation = bisect(self._conversations, self._dice.random())
        conversation = max(0, conversation - (conversation - user) % accounts)
        return {
            "tok": "service" if service else f"user{user}",
            "acct": str(user % accounts),
            "conv": str(conversation),
            "prof": str(conversation % spec["profiles"]),
            "media": str(bisect(self._media, self._dice.random())),
        }

    def _call(self, at: float, name: str, values: Mapping[str, str]) -> Iterator[Step]:
        resource = self._spec["resources"][name]
        for tag in resource["invalidates"]:
            for key in sorted(self._of_tag.pop(tag.format_map(values), ())):
                yield Step(at, key, 0, 0.0)
        if resource["method"] != "GET" or not resource["ttl_full"]:
            return
        key = f"{name}|{resource['key'].format_map(values)}"
        for tag in resource["tags"]:
            self._of_tag.setdefault(tag.format_map(values), set()).add(key)
        yield Step(at, key, self._size(name, key), resource["ttl_full"])

    def _size(self, name: str, key: str) -> int:
        if key not in self._sizes:
            self._sizes[key] = _size(self._dice, name)
        return self._sizes[key]

    def _scans(self, end: float) -> Iterator[Step]:
        """An export, or a migration: many answers, each asked for once; a tenth are media."""
        at, number = self._scale.scan_every, 0
        while 0 < at < end:
            for count in range(self._scale.scan):
                number += 1
                name = "wa.media_get" if count % 10 == 0 else "rest.msgs"
                yield Step(at + count / 10, f"scan|{number}", _size(self._dice, name), 60.0)
            at += self._scale.scan_every


_LISTS = ("rest.msgs", "rest.convs", "rest.contacts", "rest.accounts", "rest.unread", "rest.admin")


def _size(dice: random.Random, name: str) -> int:
    """Bytes of an answer: lognormal, as sizes on the web are, within what such answers have."""
    low, median, high = 500, 1200, 4000
    if name == "wa.media_get":
        low, median, high = 50_000, 180_000, 800_000
    elif name.startswith(_LISTS):
        low, median, high = 2000, 9000, 40_000
    return int(min(high, max(low, dice.lognormvariate(math.log(median), 0.7))))


def by_zipf(exponent: float, *, keys: int = 5000, length: int = 100_000) -> Trace:
    """Independent requests; the n-th most popular is asked for in proportion to n^-exponent."""
    dice, shares = random.Random(_SEED), zipf(keys, exponent)
    asked = (bisect(shares, dice.random()) for _ in range(length))
    return _timed(f"k{number}" for number in asked)


def loop(*, keys: int = 2000, length: int = 50_000) -> Trace:
    """The same keys in the same order, again and again."""
    return _timed(f"k{number % keys}" for number in range(length))


def zipf_with_scans(*, keys: int = 5000, length: int = 100_000, every: int = 10_000) -> Trace:
    """Zipf 0.9, and every so often as many keys in a row that are asked for once."""
    dice, shares = random.Random(_SEED), zipf(keys, 0.9)

    def asked() -> Iterator[str]:
        for number in range(length):
            if number % every < every // 4:
                yield f"scan{number}"
            else:
                yield f"k{bisect(shares, dice.random())}"

    return _timed(asked())


def _timed(keys: Iterator[str]) -> Trace:
    """Sizes of 0.5 to 40 KB that belong to the keys."""
    sizes: dict[str, int] = {}
    dice = random.Random(_SEED + 1)
    steps = []
    for number, key in enumerate(keys):
        if key not in sizes:
            sizes[key] = int(min(40_000, max(500, dice.lognormvariate(math.log(3000), 1.0))))
        steps.append(Step(float(number), key, sizes[key], FOREVER))
    return steps


def drifting(*, keys: int = 5000, length: int = 100_000, every: int = 2000) -> Trace:
    """Zipf 0.9, but what is popular changes: every so often a hundred keys become popular anew."""
    dice, shares = random.Random(_SEED), zipf(keys, 0.9)
    ranks = (bisect(shares, dice.random()) for _ in range(length))
    return _timed(f"k{rank - 100 * (number // every)}" for number, rank in enumerate(ranks))


TRACES: Mapping[str, Callable[[], Trace]] = {
    "workload, 1 h": lambda: workload(Scale()),
    "workload x10, 4 h, scans": lambda: workload(Scale(hours=4, times=10, scan_every=600)),
    "Zipf 0.7": lambda: by_zipf(0.7),
    "Zipf 0.9": lambda: by_zipf(0.9),
    "Zipf 1.1": lambda: by_zipf(1.1),
    "Zipf 0.9, drifting": drifting,
    "Zipf 0.9 with scans": zipf_with_scans,
    "loop": loop,
}
"""Every trace by its name."""

QUICK: Mapping[str, Callable[[], Trace]] = {
    "workload, 30 min": lambda: workload(Scale(hours=0.5)),
    "workload x3, 1 h, scans": lambda: workload(Scale(hours=1, times=3, scan_every=600)),
    "Zipf 0.9": lambda: by_zipf(0.9, length=50_000),
    "Zipf 0.9, drifting": lambda: drifting(length=50_000),
    "Zipf 0.9 with scans": lambda: zipf_with_scans(length=50_000),
}
"""A first impression."""


def footprint(trace: Trace) -> int:
    """Bytes that everything that is asked for takes in memory."""
    sizes = {step.key: step.size + len(step.key) + ENTRY for step in trace if step.size}
    return sum(sizes.values())
