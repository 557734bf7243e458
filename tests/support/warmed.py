"""A cache in virtual time, whose answers are fetched anew before they go stale."""

import asyncio

from sidecar.config.cache import Cache
from tests.support.builders import response
from tests.support.cached import TTL, Answer, World
from tests.support.virtual_time import VirtualClock


def world(*answers: Answer, config: Cache = TTL, draw: float = 1.0) -> World:
    """A draw of 1 makes nothing early."""
    return World(
        *(answers or [response(200, b"one")]), config=config, draw=draw, clock=VirtualClock()
    )


async def finish(subject: World) -> None:
    """Nothing is fetched any more, and what is on its way comes."""
    subject.warmer.close()
    await asyncio.sleep(1)
