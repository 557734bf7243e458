"""A desk, and flights that end when and how a test says, in virtual time."""

import asyncio

from sidecar.core.cache.model import Entry, Head, Plan
from sidecar.exchange import BytesBody, Response
from sidecar.flights.broadcast import Broadcast
from sidecar.flights.desk import Desk
from sidecar.flights.landing import Alone, Arrival, Landing, Shared, Stored
from tests.support.virtual_time import VirtualClock

ENTRY = Entry(Head(200, b"OK", []), b"", 0.0, Plan(1.0))


def close(landing: Landing) -> None:
    """As who gets it does in the end."""
    if isinstance(landing, Shared):
        landing.broadcast.response.close()
    elif isinstance(landing, Alone):
        landing.response.close()


class World:
    """A desk, and flights that end when and how the test says."""

    def __init__(self) -> None:
        self.desk = Desk(VirtualClock().now)
        self.flights: list[asyncio.Future[Landing]] = []
        self.responses: list[Response] = []

    async def fly(self) -> Landing:
        """A flight that ends with `end`."""
        outcome: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()
        self.flights.append(outcome)
        try:
            return await outcome
        except asyncio.CancelledError:
            if not outcome.cancel():
                close(outcome.result())  # as a layer does that is cancelled with a response in hand
            raise

    def response(self, body: bytes = b"body") -> Response:
        """An answer of the upstream."""
        response = Response(200, b"OK", [], BytesBody(body))
        self.responses.append(response)
        return response

    def end(self, how: str | Exception, number: int = -1) -> None:
        """Let a flight land, or fail."""
        flight = self.flights[number]
        if how == "shared":
            flight.set_result(Shared(Broadcast(self.response(), 100, lambda _: None)))
        elif how == "long":
            body = self.response(b"x" * 1000)
            flight.set_result(Shared(Broadcast(body, 100, lambda _: None)))
        elif how == "stored":
            flight.set_result(Stored(ENTRY))
        elif how == "alone":
            flight.set_result(Alone(self.response()))
        else:
            assert isinstance(how, Exception)
            flight.set_exception(how)

    def ask(self, key: str = "k", left: float = 30.0) -> asyncio.Task[Arrival]:
        """Someone asks, and waits no longer than that."""
        return asyncio.create_task(self.desk.ask(key, self.fly, left))


async def turn() -> None:
    """Let everything happen that can."""
    await asyncio.sleep(0.001)


async def body_of(arrival: Arrival) -> bytes:
    """All that it reads."""
    assert arrival.reader is not None
    data = b""
    while chunk := await arrival.reader.read():
        data += chunk
    return data
