"""When trouble comes: episodes and slow periods as pure functions of the seed and the time.

Nothing is remembered, so any instant can be asked for, in any order.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from sidecar.demo.workload import EpisodeKind, Span, UpstreamKind, Workload


@dataclass(frozen=True, slots=True)
class Chaos:
    """How much more often episodes come than in the workload, and how much shorter they are.

    In the workload an episode comes about every 70 s; a demonstration lasts 20 s.
    """

    frequency: float
    duration: float


LEVELS = {
    "calm": Chaos(frequency=0.0, duration=0.0),
    "normal": Chaos(frequency=8.0, duration=0.3),
    "storm": Chaos(frequency=30.0, duration=0.4),
}


@dataclass(frozen=True, slots=True)
class Episode:
    """Trouble of one kind, from `start` to `end` (seconds of the workload)."""

    kind: Literal["http5xx", "netflap", "brownout"]
    start: float
    end: float
    p: float
    slow: float
    share_503: float


@dataclass(frozen=True, slots=True)
class Weather:
    """What one seed has in store."""

    workload: Workload
    seed: int
    chaos: Chaos

    def slowness(self, up: UpstreamKind, at: float) -> float:
        """The factor on server times of `up` at `at`; it changes every `weather_epoch_s`."""
        noise = self.workload.noise
        epoch = int(at // noise.weather_epoch_s)
        return math.exp(noise.weather_sigma * Random(f"{self.seed}:weather:{up}:{epoch}").gauss())

    def episode(self, up: UpstreamKind, at: float) -> Episode | None:
        """The trouble that `up` has at `at`; the one that began last, if there are several."""
        return max(self._active(up, at), key=lambda episode: episode.start, default=None)

    def _active(self, up: UpstreamKind, at: float) -> list[Episode]:
        if not self.chaos.frequency:
            return []
        active = []
        for index, kind in enumerate(self.workload.faults.episodes):
            if up in kind.ups:
                period = kind.every_s / self.chaos.frequency
                number = int(at // period)
                nearby = (
                    _nth(f"{self.seed}:episode:{index}:{n}", n, kind, self.chaos)
                    for n in (number - 1, number)
                    if n >= 0
                )
                active += [episode for episode in nearby if episode.start <= at < episode.end]
        return active


@lru_cache(maxsize=256)
def _nth(seed: str, number: int, kind: EpisodeKind, chaos: Chaos) -> Episode:
    """One episode in each period, at a random instant of it."""
    rng = Random(seed)
    period = kind.every_s / chaos.frequency
    start = (number + rng.random()) * period
    end = start + min(period, _within(rng, kind.dur_s) * chaos.duration)
    return Episode(
        kind.kind, start, end, _within(rng, kind.p), _within(rng, kind.slow), kind.share_503
    )


def _within(rng: Random, span: Span) -> float:
    return rng.uniform(*span)
