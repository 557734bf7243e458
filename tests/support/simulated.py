"""Simulated providers in a thread of their own, for blocking SDKs and for Node."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from sidecar.demo import gemini as gemini_api
from sidecar.demo import whatsapp as graph_api
from sidecar.demo.simulators import serve
from sidecar.demo.targets import Provider
from tests.support.background import in_thread

NOW = 1_790_000_000.0
"""The wall clock of simulators whose answers are compared: it stands still."""

Apps = Mapping[Provider, web.Application]


@dataclass(frozen=True, slots=True)
class Simulated:
    """The origins of the simulators, and their apps."""

    urls: Mapping[Provider, str]
    apps: Apps


def gemini() -> Apps:
    """A fresh Gemini API at a clock that stands still."""
    return {"gemini": gemini_api.make_app(now=lambda: NOW)}


def whatsapp() -> Apps:
    """A fresh Graph API and its media host, at a clock that stands still."""
    graph, media = graph_api.make_apps(now=lambda: NOW)
    return {"whatsapp": graph, "whatsapp-media": media}


@contextmanager
def simulated(make: Callable[[], Apps]) -> Iterator[Simulated]:
    """Serve what `make` makes, until the block ends."""
    with in_thread(lambda: _serving(make()), "the simulators") as running:
        yield running


@asynccontextmanager
async def _serving(apps: Apps) -> AsyncIterator[Simulated]:
    async with serve(apps) as running:
        yield Simulated({name: one.url for name, one in running.items()}, apps)
