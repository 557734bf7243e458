"""Looking at the beginning of a response's body without taking it from the application.

Knows bytes and nothing of what they mean.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.errors import ExchangeError
from sidecar.exchange import Body, Response


@dataclass(slots=True, eq=False)
class Peeked:
    """A body whose beginning has been read already, and is given out again first."""

    beginning: bytes
    rest: Body
    ended: bool = False
    """Whether the beginning is all of it."""

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


@dataclass(frozen=True, slots=True)
class _Nothing:
    """The end of a body that was declared to have `length` bytes."""

    length: int | None

    def take(self) -> bytes:
        """The end."""
        return b""

    async def read(self) -> bytes:
        """The end."""
        return b""


async def peek(
    response: Response, limit: int, enough: Callable[[bytes], bool] | None = None
) -> bytes:
    """Read on until `limit` bytes, the end, or what is `enough`; leave the response as it was.

    Raises:
        ExchangeError: the body broke; what had come of it is left in the response.
    """
    seen, ended = bytearray(), False
    try:
        while len(seen) < limit and not ended and not (enough and enough(bytes(seen))):
            data = await response.body.read()
            seen += data
            ended = not data
    finally:
        response.body = Peeked(bytes(seen), response.body, ended)
    return bytes(seen)


async def glance(response: Response, limit: int, seconds: float) -> bytes:
    """What comes of the body within `seconds`, at most about `limit` bytes, also if it breaks."""
    try:
        async with asyncio.timeout(seconds):
            return await peek(response, limit)
    except (TimeoutError, ExchangeError):
        return response.body.beginning if isinstance(response.body, Peeked) else b""


def copied(response: Response, *, bodyless: bool) -> Response | None:
    """The same response once more, which outlives this one and holds nothing but its bytes.

    None where its body was not looked at to its end.

    Args:
        response: not given out yet.
        bodyless: whether it has no body whatever its headers say: the answer to a HEAD.
    """
    body = response.body
    if bodyless:
        beginning = b""
    elif isinstance(body, Peeked) and body.ended:
        beginning = body.beginning
    else:
        return None
    copy = Peeked(beginning, _Nothing(body.length), ended=True)
    return Response(
        response.status,
        response.reason,
        response.headers,
        copy,
        source=response.source,
        judgement=response.judgement,
    )
