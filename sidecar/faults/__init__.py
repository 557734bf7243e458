"""Named faults: what providers and networks do when they fail, as data. Pure.

What they do is done by `layers/drill.py`. The words of each provider are here once; the simulators
of the demonstration use them too.
"""

from sidecar.faults.catalogue import FAULTS
from sidecar.faults.kinds import (
    Action,
    Cut,
    Failure,
    Fault,
    Late,
    Lost,
    Reply,
    Silence,
    Slow,
    Stale,
)

__all__ = [
    "FAULTS",
    "Action",
    "Cut",
    "Failure",
    "Fault",
    "Late",
    "Lost",
    "Reply",
    "Silence",
    "Slow",
    "Stale",
]
