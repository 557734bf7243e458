"""A call that the sidecar makes by itself, through the chain of the route that it belongs to.

Knows how it is made and ended; nothing of why.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from sidecar.exchange import Exchange, Handler


class Destination(NamedTuple):
    """Where a call goes."""

    route: str
    handler: Handler
    """The whole chain of that route."""


Find: TypeAlias = Callable[[str], Destination | None]
"""Where a GET of this target goes at one upstream; None where it must not be made."""


async def read_through(destination: Destination, exchange: Exchange, most: int) -> int | None:
    """Make the call, read the answer to its end and close it, whatever happens.

    Returns its status; None where its body is longer than `most` bytes, and was given up.

    Raises:
        ExchangeError: there is no answer, or it broke.
    """
    response = await destination.handler(exchange)
    try:
        size = 0
        while (data := await response.body.read()) and size <= most:
            size += len(data)
    except BaseException as error:
        response.close(error)
        raise
    response.close()
    return response.status if size <= most else None
