"""An event loop whose time jumps to the next timer as soon as nothing else is left to do.

For tests of waiting: hours pass in milliseconds, and always in the same way. No sockets.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Does not wait; adds up what it would have waited."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("every task waits for something that will never happen")
            self.passed += max(0.0, timeout)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds that would have passed."""
        return self._jumping.passed


class VirtualClock:
    """A Clock that shows the time of the running loop."""

    def now(self) -> float:
        """Seconds since the loop began."""
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        """The same, since an instant in 2023."""
        return 1_700_000_000.0 + self.now()

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""
        await asyncio.sleep(seconds)


def in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop of its own; what goes wrong in a callback goes wrong here."""
    wrong: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
        result = runner.run(main)
    assert not wrong, wrong
    return result


def virtually(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run this test in virtual time."""

    @wraps(test)
    def run() -> None:
        in_virtual_time(test())

    del run.__wrapped__  # it is no coroutine function any more
    return run
