"""Flights: at most one for each key, which everyone who asks for that key meanwhile joins.

A passenger who leaves does not end the flight, the last one does. A flight that fails is begun
again by one of those who wait. An answer that is for one only goes to the one that began the flight
or to nobody, and frees all others at once.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeAlias

from sidecar.errors import DeadlineExceeded, Draining, ExchangeError
from sidecar.flights.broadcast import Reader
from sidecar.flights.landing import Alone, Arrival, Landing, Shared, is_refusal

_MOST_FLIGHTS = 3
"""How many failures one exchange waits for before it takes the error for its own."""
_PASS_SECONDS = 2.0
_MOST_PASSES = 4096


Fly: TypeAlias = Callable[[], Awaitable[Landing]]


@dataclass(slots=True, eq=False)
class _Passenger:
    reader: Reader | None = None
    """Given at the landing: nothing of the body is gone before everyone on board has read it."""


@dataclass(slots=True, eq=False)
class _Flight:
    key: Hashable
    landed: asyncio.Future[Landing]
    passengers: dict[_Passenger, None] = field(default_factory=dict)
    """In the order in which they came, and are told."""
    leader: _Passenger | None = None
    """The one that began it: an answer for one only is an answer to its request."""
    task: asyncio.Task[None] | None = None

    @property
    def joinable(self) -> bool:
        """Whether who comes now gets what it brings."""
        if not self.landed.done():
            return True
        landing = None if self.landed.exception() else self.landed.result()
        return isinstance(landing, Shared) and landing.broadcast.joinable

    def land(self, landing: Landing) -> None:
        """Everyone on board gets it."""
        if isinstance(landing, Alone) and self.leader not in self.passengers:
            landing.response.close()
        if isinstance(landing, Shared):
            for passenger in self.passengers:
                passenger.reader = landing.broadcast.reader()
        self.landed.set_result(landing)

    def fail(self, error: BaseException) -> None:
        """Everyone on board hears of it."""
        if isinstance(error, asyncio.CancelledError):
            error = Draining("the sidecar gave the call up", sent=True)
        elif not isinstance(error, ExchangeError):
            error = ExchangeError("the sidecar failed; its log says why", code="internal_error")
        self.landed.set_exception(error)
        self.landed.exception()  # everyone may have left: nobody need look at it


class Desk:
    """All flights of the sidecar."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._flights: dict[Hashable, _Flight] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._passes: dict[Hashable, float] = {}
        """Keys whose answers were for one only, and until when that is taken for granted."""

    def __repr__(self) -> str:
        return f"<Desk {len(self._flights)} flights>"

    @property
    def inflight(self) -> int:
        """Flights under way, and answers that are still being read."""
        return len(self._running)

    def is_flying(self, key: Hashable) -> bool:
        """Whether somebody asks for this key already."""
        return key in self._flights

    def is_passed(self, key: Hashable) -> bool:
        """Whether the answers for this key were for one only a moment ago."""
        until = self._passes.get(key)
        return until is not None and until > self._now()

    async def ask(self, key: Hashable, fly: Fly, left: float) -> Arrival:
        """What the flight for `key` brings, begun with `fly` if there is none.

        Args:
            key: what is asked for.
            fly: asks the upstream; called at most once for each flight.
            left: seconds that this exchange can wait.

        Raises:
            DeadlineExceeded: `left` passed; the flight goes on if others wait.
            ExchangeError: the flight failed.
        """
        end = self._now() + left
        failures = 0
        apart = False
        while True:
            flight = None if apart or self.is_passed(key) else self._flights.get(key)
            joined = flight is not None and flight.joinable
            if flight is None or not joined:
                flight = self._take_off(key, fly, apart=apart)
            try:
                arrival = await self._wait(flight, joined, end)
            except ExchangeError:
                failures += 1
                if not joined or failures == _MOST_FLIGHTS:
                    raise
                continue
            if arrival is None:
                raise DeadlineExceeded(
                    "the deadline passed while waiting for an answer that was asked for already",
                    code="total_timeout",
                )
            if not isinstance(arrival.landing, Alone):
                return arrival
            if not is_refusal(arrival.landing.response.status):
                self._pass(key)
            if not joined:
                return arrival
            apart = True  # behind one another, all who wait would wait for each who is refused

    def _take_off(self, key: Hashable, fly: Fly, *, apart: bool) -> _Flight:
        flight = _Flight(key, asyncio.get_running_loop().create_future())
        if not self.is_passed(key) and not (apart and key in self._flights):
            self._flights[key] = flight
        flight.task = asyncio.create_task(self._run(flight, fly))
        self._running.add(flight.task)
        flight.task.add_done_callback(self._ended)
        return flight

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            context = {"message": "a flight failed inside the sidecar", "exception": fault}
            task.get_loop().call_exception_handler({**context, "task": task})

    async def _run(self, flight: _Flight, fly: Fly) -> None:
        try:
            landing = await fly()
        except ExchangeError as error:
            self._over(flight)
            flight.fail(error)
            return
        except BaseException as error:
            self._over(flight)
            flight.fail(error)
            raise
        try:
            if not isinstance(landing, Shared):
                self._over(flight)
            flight.land(landing)
            if isinstance(landing, Shared):
                await landing.broadcast.pump()
        finally:
            self._over(flight)

    def _over(self, flight: _Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    async def _wait(self, flight: _Flight, joined: bool, end: float) -> Arrival | None:
        """None where this exchange cannot wait any longer."""
        if flight.landed.done():
            landing = flight.landed.result()
            assert isinstance(landing, Shared), "the others are over as soon as they have landed"
            return Arrival(landing, joined, landing.broadcast.reader())
        passenger = _Passenger()
        flight.passengers[passenger] = None
        if not joined:
            flight.leader = passenger
        left = max(0.0, end - self._now())
        try:
            async with asyncio.timeout(left if left < math.inf else None):
                landing = await asyncio.shield(flight.landed)
        except TimeoutError:
            self._step_off(flight, passenger)
            return None
        except asyncio.CancelledError:
            self._step_off(flight, passenger)
            raise
        return Arrival(landing, joined, passenger.reader)

    def _step_off(self, flight: _Flight, passenger: _Passenger) -> None:
        flight.passengers.pop(passenger, None)
        if passenger.reader is not None:
            passenger.reader.leave()
        if flight.landed.done():
            landing = None if flight.landed.exception() else flight.landed.result()
            if isinstance(landing, Alone) and passenger is flight.leader:
                landing.response.close()  # whoever else is on board may not have it
        elif not flight.passengers:
            assert flight.task is not None
            self._over(flight)  # who comes now begins another
            flight.task.cancel()

    def _pass(self, key: Hashable) -> None:
        if len(self._passes) >= _MOST_PASSES:
            self._passes.clear()
        self._passes[key] = self._now() + _PASS_SECONDS

    async def close(self) -> None:
        """End all flights."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
