"""The workload as this benchmark reads it: `sidecar/demo/workload.json`, whole.

`sidecar.demo.workload` has what the simulated network needs; this adds what the application and
the checks of its answers need. Times are milliseconds unless a name ends in `_s`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sidecar.demo.workload import Workload, workload


@dataclass(frozen=True, slots=True)
class Data:
    """What a resource's answer is made from, and whether asking for it twice does harm."""

    key: str
    """By what answers differ; with `{tok}`, each user has an answer of his own."""
    tags: tuple[str, ...]
    """What a read shows, as `convs:{acct}`."""
    invalidates: tuple[str, ...]
    """What a write changes."""
    once: bool
    """Whether done twice is a duplicate."""
    ttl: float
    """Seconds for which the optimised application itself kept it."""

    @property
    def of_user(self) -> bool:
        """Whether the call is made with the user's token, and not with the application's key."""
        return "{tok}" in self.key


@dataclass(frozen=True, slots=True)
class Reported:
    """Milliseconds at the median: before, and after the application itself was optimised."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Spec:
    """The application, its traffic and what is known of its data."""

    workload: Workload
    rate: float
    """Requests per second, bursts not counted."""
    users: int
    burst_every_s: float
    burst_size: int
    burst_over_s: float
    overhead_ms: float
    """What the application itself takes for a request."""
    overhead_sigma: float
    data: Mapping[str, Data]
    reported: Mapping[str, Reported]
    digest: str
    """Of the file, to name it beside figures."""

    def tags(self, names: tuple[str, ...], values: Mapping[str, str]) -> tuple[str, ...]:
        """Tags with the values of a call in place of their variables."""
        return tuple(name.format_map(values) for name in names)


@cache
def spec() -> Spec:
    """The workload that is shipped."""
    content = files("sidecar.demo").joinpath("workload.json").read_bytes()
    raw: dict[str, Any] = json.loads(content)
    bursts = raw["webhook_bursts"]
    return Spec(
        workload=workload(),
        rate=raw["rate_rps"],
        users=raw["users"],
        burst_every_s=bursts["every_s"],
        burst_size=bursts["size"],
        burst_over_s=bursts["over_s"],
        overhead_ms=raw["app_overhead_ms"],
        overhead_sigma=raw["app_overhead_sigma"],
        data={name: _data(one) for name, one in raw["resources"].items()},
        reported={
            one["name"]: Reported(one["seed_before_ms"], one["seed_after_ms"])
            for one in raw["endpoints"]
        },
        digest=hashlib.sha256(content).hexdigest()[:12],
    )


def _data(one: Mapping[str, Any]) -> Data:
    return Data(
        key=one["key"],
        tags=tuple(one["tags"]),
        invalidates=tuple(one["invalidates"]),
        once=one["idem"] == "none",
        ttl=one["ttl_seed"],
    )
