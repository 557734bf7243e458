"""Which event loop to run on. uvloop costs less CPU on small bodies; it is optional."""

import asyncio
from collections.abc import Callable
from typing import Literal


def loop_factory(
    wanted: Literal["auto", "asyncio", "uvloop"],
) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop that `wanted` names.

    Raises:
        OSError: uvloop was asked for by name and is not installed.
    """
    if wanted == "asyncio":
        return asyncio.new_event_loop
    try:
        import uvloop
    except ImportError as error:
        if wanted == "auto":
            return asyncio.new_event_loop
        raise OSError(
            "loop: uvloop is not installed; install outbound-sidecar[fast], or use `auto`"
        ) from error
    return uvloop.new_event_loop
