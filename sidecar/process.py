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

_YOUNG = 20_000
"""Objects that are made before the garbage collector looks at them. At the usual 700 it looks again
and again at the calls under way, which end by themselves: a tenth of a busy core."""


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
    gc.set_threshold(_YOUNG)
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
