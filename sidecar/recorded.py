"""Keeping a copy of a response's body while it passes.

Knows bytes and nothing of what they mean.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.errors import ExchangeError
from sidecar.exchange import Body, Response


@dataclass(slots=True, eq=False)
class Recorded:
    """A body that is passed on as it comes, and remembered.

    Args:
        rest: the body.
        most: bytes that are remembered at most.
        over: called once: with the whole body as soon as its end was seen; with None as soon as
            it is longer than `most`, has broken, or was given up.
    """

    rest: Body
    most: int
    over: Callable[[bytes | None], None]
    recording: bool = field(init=False, default=True)
    """Whether `over` is still to be called."""
    _parts: list[bytes] = field(init=False, default_factory=list)
    _size: int = field(init=False, default=0)

    @property
    def length(self) -> int | None:
        """The body's."""
        return self.rest.length

    def take(self) -> bytes | None:
        """What can be had without waiting."""
        try:
            data = self.rest.take()
        except ExchangeError:
            self.give_up()
            raise
        if data is not None:
            self._remember(data)
        return data

    async def read(self) -> bytes:
        """The next bytes."""
        try:
            data = await self.rest.read()
        except ExchangeError:
            self.give_up()
            raise
        self._remember(data)
        return data

    def give_up(self) -> None:
        """It will not be complete."""
        self._end(None)

    def _remember(self, data: bytes) -> None:
        if not self.recording:
            return
        if not data:
            self._end(b"".join(self._parts))
            return
        self._size += len(data)
        if self._size > self.most:
            self._end(None)
        else:
            self._parts.append(data)

    def _end(self, body: bytes | None) -> None:
        if self.recording:
            self.recording = False
            self._parts.clear()
            self.over(body)


def read_on(
    response: Response, body: Recorded, seconds: float, error: BaseException | None
) -> asyncio.Task[None]:
    """Read a body that nobody reads any more as long as it is recorded; then close its response.

    Args:
        response: whose body is recorded.
        body: the recording.
        seconds: how long that may take.
        error: why nobody reads it any more; passed on if nothing worse happens.
    """

    async def read() -> None:
        async with asyncio.timeout(seconds):
            while body.recording and await body.read():
                pass

    def over(task: asyncio.Task[None]) -> None:  # a task that never began runs no `finally`
        broken = None if task.cancelled() else task.exception()
        body.give_up()
        response.close(broken or error)

    task = asyncio.get_running_loop().create_task(read())
    task.add_done_callback(over)
    return task
