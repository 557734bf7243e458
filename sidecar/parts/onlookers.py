"""Who looks on at exchanges: told of each that has ended, and perhaps of those that begin.

They belong to the program, not to a configuration: what they have seen outlives a reload.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sidecar.observing import Observer
from sidecar.telemetry.record import Sink


class Onlookers(NamedTuple):
    """Those of one configuration."""

    sinks: Sequence[Sink] = ()
    """Told of each exchange that has ended."""
    observer: Observer | None = None
    """Learns from calls; None where nothing is to be learnt."""


NOBODY = Onlookers()
