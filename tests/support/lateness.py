"""How late may what has a deadline be, on a machine that does other things as well.

A stall of the whole machine makes everything late once; a mistake makes it late each time. So what
is measured in milliseconds may be measured again.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec

LATE = 0.05
"""Seconds that an answer may come after its deadline."""
BUSY = 0.2
"""Seconds that the worst of many may come later still, on a machine that is busy."""

TRIES = 3

P = ParamSpec("P")


def timed(test: Callable[P, Awaitable[None]]) -> Callable[P, Awaitable[None]]:
    """A test that measures: it has failed when it failed thrice in a row."""

    @functools.wraps(test)
    async def measured(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(TRIES - 1):
            try:
                return await test(*args, **kwargs)
            except AssertionError as failure:
                print(f"measured again: {failure}")
        return await test(*args, **kwargs)

    return measured
