"""What is known of one call: when it is asked for, and when it has ended. Plain values."""

from typing import NamedTuple, Protocol

from sidecar.core.advice.shape import Shape


class Asked(NamedTuple):
    """One call as the application made it, with nothing of what it asked but digests."""

    upstream: str
    route: str
    shape: Shape
    key: int
    """A digest of the whole request and of who asks."""
    group: int
    """A digest of what belongs together: a trace, or else whoever asks."""
    traced: bool = False
    """Whether it is a trace that belongs together: then it is one request of the application's."""
    offset: int = 0
    """Rows that are passed over."""
    operands: tuple[tuple[str, int], ...] = ()
    """Columns that are compared for equality, and digests of what with."""


class Ended(Protocol):
    """What came of a call. `telemetry.record.Record` is one; durations are seconds."""

    @property
    def status(self) -> int:
        """What the application was answered."""
        ...

    @property
    def error(self) -> str | None:
        """The code of an error of the sidecar's own."""
        ...

    @property
    def source(self) -> str:
        """Who made the answer: `upstream`, `cache` or `sidecar`."""
        ...

    @property
    def attempts(self) -> int:
        """At the upstream."""
        ...

    @property
    def started_wall(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    @property
    def duration(self) -> float:
        """To the last byte."""
        ...

    @property
    def at_upstream(self) -> float:
        """Opening a connection and waiting for answers; 0 where it is not known."""
        ...

    @property
    def dial(self) -> float:
        """Opening connections."""
        ...

    @property
    def pool_wait(self) -> float:
        """Waiting for a connection to be free."""
        ...
