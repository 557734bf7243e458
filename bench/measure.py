"""Which core is whose, and the CPU time of what is measured."""

from collections.abc import Callable

from bench.load import Run
from bench.processes import Process

PROXY_CORE = 0
LOAD_CORE = 1


def with_cpu(process: Process, run: Callable[[], Run]) -> tuple[Run, float]:
    """The run, and the CPU time that the process spent on each request, in µs."""
    before = process.cpu()
    done = run()
    return done, (process.cpu() - before) / done.requests * 1e6
