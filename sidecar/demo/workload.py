"""The workload of the demonstration as values, read from `workload.json`.

Times are milliseconds unless a name ends in `_s`. Knows the file's shape, and no HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median_low
from typing import Literal

from pydantic import TypeAdapter

UpstreamKind = Literal["auth", "rest", "wa", "gemini"]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket that the upstream enforces for each application."""

    per_s: float
    burst: float


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one upstream."""

    rtt_ms: float
    dns_ms: float
    tls_rtts: float
    crypto_ms: float
    rate_limit: RateLimit | None

    @property
    def setup_ms(self) -> float:
        """Name look-up, TCP and TLS handshake of a new connection."""
        return self.dns_ms + self.rtt_ms * (1 + self.tls_rtts) + self.crypto_ms


@dataclass(frozen=True, slots=True)
class Noise:
    """How times vary: per exchange, per upstream and period ("weather"), and rare stragglers."""

    rtt_sigma: float
    weather_sigma: float
    weather_epoch_s: float
    straggler_p: float
    straggler_mult: Span


@dataclass(frozen=True, slots=True)
class EpisodeKind:
    """A kind of trouble that comes about every `every_s` and stays for `dur_s`."""

    kind: Literal["http5xx", "netflap", "brownout"]
    ups: tuple[UpstreamKind, ...]
    every_s: float
    dur_s: Span
    p: Span
    share_503: float = 0.6
    slow: Span = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Processed:
    """How probably a request that ended badly was acted on all the same."""

    reset: float
    timeout: float
    http500: float


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Probabilities for each exchange (`p_connect_fail`: for each new connection)."""

    p_connect_fail: float
    p_reset: float
    p_500: float
    p_503: float
    p_429: Mapping[UpstreamKind, float]
    p_hang: float
    episodes: tuple[EpisodeKind, ...]
    processed_given_ambiguous: Processed
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of call: where it goes and how long the server works on it (lognormal)."""

    up: UpstreamKind
    server_ms: float
    sigma: float
    timeout_group: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the application: the calls that it makes, one after the other."""

    name: str
    weight: float
    steps: tuple[str, ...]
    background: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """The application, its upstreams and their troubles."""

    accounts: int
    conversations: int
    profiles: int
    media: int
    zipf_conv: float
    zipf_media: float
    bot_reply_share: float
    upstreams: Mapping[UpstreamKind, Line]
    noise: Noise
    faults: FaultRates
    timeouts_s: Mapping[str, Mapping[str, float]]
    resources: Mapping[str, Resource]
    endpoints: tuple[Endpoint, ...]

    def usual(self, up: UpstreamKind) -> Resource:
        """What a call that the workload does not name is taken for: the upstream's median."""
        known = [resource for resource in self.resources.values() if resource.up == up]
        middle = median_low(resource.server_ms for resource in known)
        return Resource(up, middle, 0.55, up)


@cache
def workload() -> Workload:
    """The workload that is shipped with the package."""
    text = files("sidecar.demo").joinpath("workload.json").read_bytes()
    return TypeAdapter(Workload).validate_json(text)
