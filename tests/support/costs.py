"""How much CPU time something takes: whether it grows with what it should not grow with."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cheap(seconds: float) -> Iterator[None]:
    """What the block does costs this thread less than that.

    Without the collector of garbage, which looks at all that other tests have left. The bound is
    to be several times what it takes: a busy machine needs more than twice as long.
    """
    collects = gc.isenabled()
    gc.disable()
    began = time.thread_time()
    try:
        yield
        took = time.thread_time() - began
    finally:
        if collects:
            gc.enable()
    assert took < seconds, f"it took {took:.3f} s"
