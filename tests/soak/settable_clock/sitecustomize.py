"""Makes the wall clock of one process settable from outside, by a number in a file.

Python imports this by itself where the folder is in PYTHONPATH. Only `time.time` is moved:
monotonic time, by which timers go, is the machine's. (libfaketime moves more than it says: below it
a thread that waits with a timeout was seen to hang.)
"""

import mmap
import os
import struct
import time
from pathlib import Path

_real = time.time
with Path(os.environ["SOAK_CLOCK"]).open("rb") as _file:
    _offset = mmap.mmap(_file.fileno(), 8, access=mmap.ACCESS_READ)


def _moved() -> float:
    (seconds,) = struct.unpack_from("<d", _offset)
    return _real() + float(seconds)


time.time = _moved
