"""An event loop in a thread of its own, for what blocking clients and other processes talk to."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from sidecar.loops import loop_factory

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that starting and stopping may take, each."""


@contextmanager
def in_thread(make: Callable[[], AbstractAsyncContextManager[T]], name: str) -> Iterator[T]:
    """Enter what `make` makes in a loop of a thread called `name`; leave it when the block ends.

    Raises:
        TimeoutError: it was not entered in time.
        BaseException: what entering or leaving it raised.
    """
    entered: list[T] = []
    failed: list[BaseException] = []
    stops: list[Callable[[], object]] = []
    ready = threading.Event()

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with make() as made:
            entered.append(made)
            ready.set()
            await stop.wait()

    def main() -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory("auto")) as runner:
                runner.run(serve())
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main, name=name, daemon=True)
    thread.start()
    if not ready.wait(PATIENCE):
        raise TimeoutError(f"{name} did not start")
    if failed:
        raise failed[0]
    try:
        yield entered[0]
    finally:
        stops[0]()
        thread.join(PATIENCE)
    if failed:
        raise failed[0]
