"""Simulated processes: what belongs to each, so that it can die with it."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.machine import Server, SimulatedLoop
    from tests.simulation.wires import Wire


class Process:
    """What belongs together, and dies together. The world itself is none."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.tasks: dict[asyncio.Task[Any], None] = {}  # in the order of their making, as all here
        self.transports: dict[Wire, None] = {}
        self.servers: dict[Server, None] = {}
        self.at_death: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return f"<Process {self.name}>"

    def run(self, work: Any, loop: "SimulatedLoop") -> asyncio.Task[Any]:
        """Do it as a task of this process."""
        context = copy_context()
        context.run(OWNER.set, self)
        return loop.create_task(work, context=context)

    def forget(self, task: asyncio.Task[Any]) -> None:
        """It has ended."""
        self.tasks.pop(task, None)

    async def kill(self) -> None:
        """As SIGKILL does: from now on it does nothing that anybody could see.

        What it was at is then cancelled, so that Python has nothing to say of it.
        """
        self.dead = True
        for each in tuple(self.servers):
            each.close()
        for wire in tuple(self.transports):
            wire.die()
        for callback in self.at_death:
            callback()
        for task in tuple(self.tasks):
            task.cancel()
        for _ in range(20):
            await asyncio.sleep(0)


OWNER: ContextVar[Process | None] = ContextVar("OWNER", default=None)
"""The process that runs."""
