"""The sidecar as a process: its loop, its signals, its log.

SIGTERM and SIGINT drain, SIGHUP reads the configuration again.
"""

import asyncio
import gc
import signal

from sidecar.app import Sidecar
from sidecar.loops import loop_factory
from sidecar.reloading import Fresh, Source
from sidecar.telemetry import logs

_GARBAGE = (5_000, 2, 10)
"""When the garbage collector looks at what is young, at what is older, and at everything: after so
many new objects, so many times the first, so many times the second. With Python's 700, 10 and 10 it
looked again and again at the calls under way, which end by themselves: a tenth of a busy core. To
look at everything stops the loop for 27 ms with 20,000 answers in the memory."""


async def serve(first: Fresh, source: Source | None = None) -> None:
    """Run until SIGTERM or SIGINT.

    Args:
        first: the configuration that it starts with.
        source: reads the configuration anew.

    Raises:
        OSError: an address or a file of the configuration cannot be used.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    sidecar = Sidecar(first, source=source)
    if source is not None:
        loop.add_signal_handler(signal.SIGHUP, sidecar.reloading.soon, "signal")
    await sidecar.start()
    gc.freeze()  # what a process begins with is not looked through again and again
    gc.set_threshold(*_GARBAGE)
    gc.enable()
    await stopping.wait()
    await sidecar.drain()
    logs.event("stopped")


def run(first: Fresh, source: Source | None = None) -> int:
    """Run the sidecar in this process: 0 when it was stopped in order, 1 when it did not start."""
    logs.setup(first.config.log)
    try:
        with asyncio.Runner(loop_factory=loop_factory(first.config.loop)) as runner:
            runner.run(serve(first, source))
    except OSError as error:
        logs.event("failed", level="error", reason=str(error))
        return 1
    finally:
        logs.flush()
    return 0
