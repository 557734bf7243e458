"""Looking at the beginning of a response's body without taking it from the application.

Knows bytes and nothing of what they mean.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.exchange import Body, Response


@dataclass(slots=True, eq=False)
class Peeked:
    """A body whose beginning has been read already, and is given out again first."""

    beginning: bytes
    rest: Body

    @property
    def length(self) -> int | None:
        """The whole body's."""
        return self.rest.length

    def take(self) -> bytes | None:
        """The beginning, then what has arrived since."""
        if self.beginning:
            beginning, self.beginning = self.beginning, b""
            return beginning
        return self.rest.take()

    async def read(self) -> bytes:
        """The beginning, then the next bytes."""
        return self.take() or await self.rest.read()


def _never(_: bytes) -> bool:
    return False


async def peek(response: Response, limit: int, enough: Callable[[bytes], bool] = _never) -> bytes:
    """Read on until `limit` bytes, the end, or what is `enough`; leave the response as it was.

    Raises:
        ExchangeError: the body broke; what had come of it is left in the response.
    """
    seen = b""
    try:
        while len(seen) < limit and not enough(seen) and (data := await response.body.read()):
            seen += data
    finally:
        response.body = Peeked(seen, response.body)
    return seen
