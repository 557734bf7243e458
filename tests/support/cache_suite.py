"""The cases of the public suite `http-cache-tests`, asked of a cache layer without a network."""

from collections.abc import Iterable, Sequence

from sidecar.config.cache import Cache
from sidecar.exchange import RawHeaders
from tests.support.builders import response
from tests.support.cached import World

PAUSE = 3.0
CONFIG = Cache(mode="rfc9111", shared=True, stale_if_error=60.0)


Header = tuple[str, bytes | int]


def fields(world: World, headers: Iterable[Header]) -> RawHeaders:
    """Numbers are dates, so many seconds from now."""
    return [
        (name.encode(), world.date(value) if isinstance(value, int) else value)
        for name, value in headers
    ]


async def second_is_cached(
    first: Sequence[Header],
    *,
    status: int = 200,
    request: Sequence[Header] = (),
    again: Sequence[Header] | None = None,
    pause: float = PAUSE,
) -> bool:
    """Whether the second of two requests is answered from what was stored."""
    world = World(config=CONFIG, shared=True)
    made: list[Header] = [("Date", 0)] if not any(name == "Date" for name, _ in first) else []
    world.answers = [response(status, b"one", fields(world, [*made, *first]))]
    await world.get(*fields(world, request))
    world.clock.advance(pause)
    world.answers = [response(200, b"two")]
    got = await world.get(*fields(world, request if again is None else again))
    return got.body == b"one"


CC = "Cache-Control"
FRESH: list[Header] = [("Expires", 100000), ("Last-Modified", 0)]
STALE: list[Header] = [("Expires", -5000), ("Last-Modified", -100000)]
