"""Everything that the demonstration runs on: simulators with trouble, and the sidecar before them.

Puts the parts together; decides nothing about what is shown.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sidecar.demo.child import Child, child
from sidecar.demo.figures import ARMS, Arm, Figures
from sidecar.demo.load import ALL, LABELS, SUBJECTS, Access
from sidecar.demo.network import Network
from sidecar.demo.plan import media_id
from sidecar.demo.simulators import Simulators, simulators
from sidecar.demo.targets import Provider
from sidecar.demo.weather import Chaos, Weather
from sidecar.demo.workload import workload

TIMEOUTS: Mapping[Provider, Mapping[str, float]] = {
    "supabase": {"connect": 2.0, "first_byte": 4.0, "total": 6.0},
    "whatsapp": {"connect": 2.0, "first_byte": 5.0, "total": 7.0},
    "whatsapp-media": {"connect": 2.0, "first_byte": 8.0, "total": 10.0},
    "gemini": {"connect": 2.0, "first_byte": 10.0, "total": 12.0},
}
"""Seconds; shorter than the presets', so that a short demonstration sees them expire."""

CREDENTIALS: Mapping[Provider, Mapping[str, str]] = {
    "supabase": {"apikey": "demo", "Authorization": "Bearer demo"},
    "whatsapp": {"Authorization": "Bearer demo"},
    "whatsapp-media": {"Authorization": "Bearer demo"},
    "gemini": {"x-goog-api-key": "demo"},
}


@dataclass(frozen=True, slots=True)
class World:
    """What runs."""

    simulators: Simulators
    sidecar: Child
    weather: Weather
    time_scale: float
    began: float

    @property
    def access(self) -> Mapping[Arm, Mapping[Provider, Access]]:
        """Where each arm finds each provider."""
        return {
            "direct": {
                name: Access(simulator.url, CREDENTIALS[name])
                for name, simulator in self.simulators.items()
            },
            "sidecar": {
                name: Access(f"{self.sidecar.proxy}/{name}", CREDENTIALS[name])
                for name in self.simulators
            },
        }

    def workload_time(self) -> float:
        """The instant of the workload that it is now."""
        return (time.monotonic() - self.began) / self.time_scale

    def count_connections(self, figures: Figures) -> None:
        """Write into `figures` how many connections each arm opened at the providers."""
        for arm in ARMS:
            for subject in SUBJECTS:
                if opened := self._opened(subject, arm):
                    figures.rows[subject, arm].connections = opened

    def end_trouble(self) -> None:
        """No more faults: what people try by hand works. Delays stay."""
        for simulator in self.simulators.values():
            if simulator.trouble:
                simulator.trouble.faults = False

    def _opened(self, subject: str, arm: Arm) -> int:
        return sum(
            simulator.trouble.opened[arm]
            for provider, simulator in self.simulators.items()
            if simulator.trouble and subject in {LABELS[provider], ALL}
        )


@asynccontextmanager
async def world(*, seed: int, chaos: Chaos, time_scale: float) -> AsyncIterator[World]:
    """Start it all; end it all when the block ends.

    Raises:
        StartError: the sidecar did not become ready.
    """
    weather = Weather(workload(), seed, chaos)
    network = Network(workload(), weather, time_scale)
    timeouts = {
        name: {timer: value * time_scale for timer, value in timers.items()}
        for name, timers in TIMEOUTS.items()
    }
    async with simulators(network, seed=seed) as running:
        _store_media(running)
        began = time.monotonic()
        urls = {name: simulator.url for name, simulator in running.items()}
        async with child(urls, timeouts=timeouts) as sidecar:
            yield World(running, sidecar, weather, time_scale, began)


def _store_media(running: Simulators) -> None:
    """Give the Graph API the media that the application's messages refer to."""
    from sidecar.demo.whatsapp.state import STATE, Media

    stored = running["whatsapp"].app[STATE].media
    for number in range(workload().media):
        name = media_id(number)
        stored[name] = Media(name, "image/png", name.encode() * 1000, f"{name}.png")
