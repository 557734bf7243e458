"""What becomes of one simulated exchange: how long it takes and whether it fails.

A pure decision from the workload, the weather and a random source; no I/O and no clock.
"""

import math
from dataclasses import dataclass
from random import Random
from typing import Literal

from sidecar.demo.weather import Episode, Weather
from sidecar.demo.workload import Resource, Workload

Fault = Literal["refused", "reset", "hang", "500", "503", "429"]
"""refused: the connection could not be made · reset: it broke before the answer · hang: no answer
ever · the others: an answer of the provider with this status."""

ERROR_MS = 15.0
REFUSAL_MS = 5.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one exchange."""

    delay: float
    """Seconds until the answer, or until the fault shows."""
    fault: Fault | None = None
    processed: bool = True
    """Whether the provider acts on the request, whatever the client is told."""


@dataclass(frozen=True, slots=True)
class _Luck:
    """The dice of one exchange.

    All are thrown at once: an exchange that finds its connection open is otherwise as lucky as
    its twin that opens one.
    """

    setup: float
    net: float
    server: float
    straggler: float
    straggler_size: float
    episode: float
    dial: float
    hang: float
    background: float
    which: float
    processed: float


@dataclass(frozen=True, slots=True)
class Network:
    """The lines to the providers, and the providers' speed."""

    workload: Workload
    weather: Weather
    time_scale: float = 1.0
    """Seconds that one second of the workload takes."""

    def draw(
        self,
        resource: Resource,
        rng: Random,
        elapsed: float,
        *,
        fresh: bool,
        over_rate: bool = False,
    ) -> Fate:
        """What becomes of an exchange that starts `elapsed` seconds into the demonstration.

        Args:
            resource: what is asked for.
            rng: the exchange's own random source; the same source gives the same luck.
            elapsed: seconds since the simulators started.
            fresh: whether the request is the first of its connection.
            over_rate: whether the application is beyond the upstream's rate limit.
        """
        luck = _throw(rng)
        at = elapsed / self.time_scale
        trip = self._trip_ms(resource, luck, fresh=fresh)
        episode = self.weather.episode(resource.up, at)
        work = self._work_ms(resource, luck, at, episode)
        delay, fault, processed = (
            self._broken_line(luck, episode, trip, fresh=fresh)
            or ((trip + REFUSAL_MS, "429", False) if over_rate else None)
            or self._outage(luck, episode, trip, work)
            or self._background(resource, luck, trip, work)
            or (trip + work, None, True)
        )
        return Fate(delay * self.time_scale / 1000.0, fault, processed)

    def _trip_ms(self, resource: Resource, luck: _Luck, *, fresh: bool) -> float:
        line, sigma = self.workload.upstreams[resource.up], self.workload.noise.rtt_sigma
        trip = line.rtt_ms * math.exp(sigma * luck.net)
        return trip + (line.setup_ms * math.exp(sigma * luck.setup) if fresh else 0.0)

    def _work_ms(
        self, resource: Resource, luck: _Luck, at: float, episode: Episode | None
    ) -> float:
        noise = self.workload.noise
        work = resource.server_ms * math.exp(resource.sigma * luck.server)
        work *= self.weather.slowness(resource.up, at) * (episode.slow if episode else 1.0)
        if luck.straggler < noise.straggler_p:
            low, high = noise.straggler_mult
            work *= low + (high - low) * luck.straggler_size
        return work

    def _broken_line(
        self, luck: _Luck, episode: Episode | None, trip: float, *, fresh: bool
    ) -> "_Outcome | None":
        if episode and episode.kind == "netflap" and luck.episode < episode.p:
            return (trip, "refused" if fresh else "reset", False)
        if fresh and luck.dial < self.workload.faults.p_connect_fail:
            return (trip, "refused", False)
        return None

    def _outage(
        self, luck: _Luck, episode: Episode | None, trip: float, work: float
    ) -> "_Outcome | None":
        odds = self.workload.faults.processed_given_ambiguous
        if episode and episode.kind == "http5xx" and luck.episode < episode.p:
            if luck.which < episode.share_503:
                return (trip + ERROR_MS, "503", False)
            return (trip + work, "500", luck.processed < odds.http500)
        brownout = episode.p if episode and episode.kind == "brownout" else 0.0
        if luck.hang < self.workload.faults.p_hang + brownout:
            return (trip + work, "hang", luck.processed < odds.timeout)
        return None

    def _background(
        self, resource: Resource, luck: _Luck, trip: float, work: float
    ) -> "_Outcome | None":
        faults, odds = self.workload.faults, self.workload.faults.processed_given_ambiguous
        table: list[tuple[float, _Outcome]] = [
            (faults.p_reset, (trip + work, "reset", luck.processed < odds.reset)),
            (faults.p_500, (trip + work, "500", luck.processed < odds.http500)),
            (faults.p_503, (trip + REFUSAL_MS, "503", False)),
            (faults.p_429.get(resource.up, 0.0), (trip + REFUSAL_MS, "429", False)),
        ]
        left = luck.background
        for probability, outcome in table:
            if left < probability:
                return outcome
            left -= probability
        return None


_Outcome = tuple[float, Fault, bool]
"""Milliseconds, fault, processed."""


def _throw(rng: Random) -> _Luck:
    normal = [rng.gauss() for _ in range(3)]
    return _Luck(*normal, *[rng.random() for _ in range(8)])
