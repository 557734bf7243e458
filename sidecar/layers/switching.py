"""Ends the handshake at its 101 for everything below, and counts the WebSockets that are open.

So permits and turns go back at once, and the breaker has heard all that it will: what follows may
last for hours. What is above lives as long as the WebSocket.
"""

from dataclasses import dataclass

from sidecar.errors import Rejected
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.switched import Switched


@dataclass(slots=True)
class Places:
    """How many WebSockets an upstream has, over all its routes."""

    most: int
    taken: int = 0
    """Open, or about to be."""

    def leave(self, _error: BaseException | None = None) -> None:
        """Give one back."""
        self.taken -= 1


@dataclass(frozen=True, slots=True)
class SwitchingLayer:
    """Takes a place for each handshake; it is kept for as long as the WebSocket is open."""

    next: Handler
    places: Places

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on; a 101 comes back as one that holds nothing of the handshake's.

        Raises:
            Rejected: `limit_full`; as many are open as may be.
        """
        places = self.places
        if places.taken >= places.most:
            raise Rejected(
                f"{places.most} WebSockets are open already (websocket.max_open)",
                code="limit_full",
            )
        places.taken += 1
        try:
            response = await self.next(exchange)
            above = response.lifted() if isinstance(response, Switched) else None
        except BaseException:
            places.leave()
            raise
        if above is None:
            places.leave()
            return response
        above.on_close(places.leave)
        return above


def switching(places: Places) -> Layer:
    """The layer of one route; its upstream's routes share the places."""
    return lambda next_: SwitchingLayer(next_, places)
