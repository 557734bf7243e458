"""What an attempt needs a connection for. A value; the pool acts on it."""

from typing import NamedTuple

from sidecar.exchange import Timeline


class Need(NamedTuple):
    """What an attempt needs a connection for."""

    safe: bool
    """Whether the request may be sent again if the connection proves dead."""
    connect: float
    """Seconds that a new connection may take."""
    deadline: float
    """The instant after which nobody waits for it."""
    attempt: int
    """Its number, for messages."""
    timeline: Timeline
    """Where the time that it takes is written."""
    fresh: bool = False
    """Whether only a connection that was never idle will do."""
