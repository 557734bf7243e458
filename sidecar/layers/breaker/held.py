"""The calls that wait for breakers: a future for each of them, one timer for each breaker.

Whose turn it is, is decided in `core/breaker/`.
"""

import asyncio
from typing import TypeAlias

from sidecar.clock import Clock
from sidecar.core.breaker import Breaker, Permit, Refusal
from sidecar.errors import Draining

_MIN_ALARM = 0.001
"""Seconds; a timer that fires a little early must not spin."""

Answer: TypeAlias = Permit | Refusal | Draining | None
"""What a call that waits is told; None when it has waited in vain."""


class Waiting:
    """A call in the line of a breaker."""

    __slots__ = ("_answer", "safe")

    def __init__(self, *, safe: bool) -> None:
        self.safe = safe
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def is_waiting(self) -> bool:
        """Whether it still wants an answer."""
        return not self._answer.done()

    def answer(self, answer: Answer) -> None:
        """It may go, or waits no longer."""
        if not self._answer.done():
            self._answer.set_result(answer)

    async def wait(self, clock: Clock) -> Answer:
        """The answer. A permit that comes just as the client leaves goes back."""
        try:
            return await self._answer
        except asyncio.CancelledError:
            answer = None if self._answer.cancelled() else self._answer.result()
            if isinstance(answer, Permit):
                answer.cancel(clock.now())
            raise


class Held:
    """The calls that wait for breakers, and one timer for each breaker that is waited for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[Waiting, None] = {}  # in the order in which they came, and are asked
        self._timers: dict[Breaker, asyncio.TimerHandle] = {}

    def __repr__(self) -> str:
        return f"<Held {len(self._calls)}>"

    def alarm(self, breaker: Breaker, seconds: float) -> None:
        """Have `breaker` serve its line after `seconds`, instead of what was set before."""
        earlier = self._timers.pop(breaker, None)
        if earlier is not None:
            earlier.cancel()
        loop = asyncio.get_running_loop()
        self._timers[breaker] = loop.call_later(max(seconds, _MIN_ALARM), self._ring, breaker)

    def give_up(self) -> None:
        """Let nobody wait any longer, because the sidecar stops."""
        for call in self._calls:
            call.answer(Draining("the sidecar is shutting down", sent=False))

    async def wait(self, breaker: Breaker, waiting: Waiting, allowance: float) -> Answer:
        """The answer to a call that has joined the line; None after `allowance` seconds."""
        timer = asyncio.get_running_loop().call_later(allowance, waiting.answer, None)
        self._calls[waiting] = None
        try:
            return await waiting.wait(self._clock)
        finally:
            timer.cancel()
            self._calls.pop(waiting, None)
            breaker.leave(waiting)

    def _ring(self, breaker: Breaker) -> None:
        del self._timers[breaker]
        breaker.serve(self._clock.now())
