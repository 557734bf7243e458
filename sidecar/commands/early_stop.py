"""What SIGTERM does while a command is still starting: it ends the process at once.

The first process of a container has no default action for signals (kill(2), NOTES): one that comes
before the sidecar's own handling is in place would be lost, and SIGKILL would follow it.
"""

import signal
import sys
from types import FrameType


def end_on_sigterm(code: int) -> None:
    """From now on SIGTERM ends this process with `code`, until somebody else handles it.

    Nothing needs to be drained by then. Only the main thread may call this.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        sys.exit(code)

    signal.signal(signal.SIGTERM, end)
