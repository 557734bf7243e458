"""Which event loop to run on. uvloop costs less CPU on small bodies; it is optional.

Either asks for addresses in threads of their own: a look-up can hang for as long as the system's
resolver likes, and must hold up neither other work in threads nor the end of the process.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal


class _LooksUp:
    """The part of a loop that turns names into addresses."""

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the loop's own name for it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """As that of every loop."""
        found: Future[list[Any]] = Future()
        found.set_running_or_notify_cancel()

        def ask() -> None:
            try:
                found.set_result(socket.getaddrinfo(host, port, family, type, proto, flags))
            except Exception as error:
                found.set_exception(error)

        try:
            threading.Thread(target=ask, name="look-up", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            raise socket.gaierror(socket.EAI_AGAIN, str(error)) from error
        return await asyncio.wrap_future(found)


class _Loop(_LooksUp, asyncio.SelectorEventLoop):
    """The standard library's."""


def loop_factory(
    wanted: Literal["auto", "asyncio", "uvloop"],
) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop that `wanted` names.

    Raises:
        OSError: uvloop was asked for by name and is not installed.
    """
    if wanted == "asyncio":
        return _Loop
    try:
        import uvloop
    except ImportError as error:
        if wanted == "auto":
            return _Loop
        raise OSError(
            "loop: uvloop is not installed; install outbound-sidecar[fast], or use `auto`"
        ) from error

    class Uvloop(_LooksUp, uvloop.Loop):  # type: ignore[misc]  # as its own stub says
        """The faster one."""

    return Uvloop
