"""All that telemetry may say about one exchange, as plain values.

Layers build it when the exchange has ended; sinks render it. It knows no log and no metric.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sidecar.exchange import Source
from sidecar.trail import Tried


@dataclass(slots=True)
class Record:
    """One exchange that has ended. Durations are seconds, counted from its start."""

    id: str
    upstream: str
    """Its name in the configuration; "-" when none was found."""
    route: str
    """The route's name; "-" when none matched."""
    method: str
    target: str
    """As received. It holds credentials: whoever renders it calls `redact.target` first."""
    status: int
    """What the application was answered; 499 when it left before it was answered."""
    error: str | None = None
    """An ExchangeError's code, also when it broke a body whose status was already sent."""
    source: Source = "upstream"
    """Who made the answer."""
    attempts: int = 0
    started_wall: float = 0.0
    """Seconds since the Unix epoch."""
    duration: float = 0.0
    """To the last byte of the answer."""
    pool_wait: float = 0.0
    """Waiting for a connection to be free."""
    dial: float = 0.0
    """Look-up, connection and TLS handshake; 0 on a reused connection."""
    reused: bool = False
    first_byte: float = 0.0
    """To the first byte of the upstream's answer; 0 when none came."""
    at_upstream: float = 0.0
    """The part of `first_byte` that was spent outside the sidecar: dial, the request's way
    out and the wait for its answer, over all attempts. 0 when it is not known."""
    backoff: float = 0.0
    """Waiting between attempts."""
    held: float = 0.0
    """Waiting for an open breaker."""
    paced: float = 0.0
    """Waiting so as not to exceed a rate."""
    queued: float = 0.0
    """Waiting for a place among the calls in flight."""
    bytes_up: int = 0
    bytes_down: int = 0
    trace_id: str = ""
    """The trace that it belongs to, as 32 hexadecimal digits; "" when it came with no valid one."""
    client_closed: bool = False
    """Whether the application left before the answer was complete."""
    started: float = 0.0
    """When it began, on the Clock, as the instants of `trail` are."""
    trail: Sequence[Tried] = ()
    """Its attempts. The last ones may end a moment after this was made."""

    @property
    def overhead(self) -> float | None:
        """What the sidecar itself spent until the answer began; None when it is not known.

        Waiting is not in it, for a connection, a turn or a breaker, or between attempts: that is
        what the configuration asks for.
        """
        if not self.first_byte:
            return self.duration if not self.attempts and not self.client_closed else None
        if not self.at_upstream:
            return None
        waited = self.pool_wait + self.backoff + self.held + self.paced + self.queued
        return max(0.0, self.first_byte - self.at_upstream - waited)

    def told(self, tried: Tried) -> dict[str, str | int | float | bool | None]:
        """One attempt for people; instants count from the start of the exchange."""
        return {
            "number": tried.number,
            "began": round(tried.began - self.started, 6),
            "ended": round(tried.ended - self.started, 6) if tried.ended else None,
            "status": tried.status or None,
            "error": tried.error,
            "reused": tried.reused,
            "dial": round(tried.dial, 6),
        }


Sink: TypeAlias = Callable[[Record], None]
