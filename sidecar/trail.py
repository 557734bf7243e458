"""What is remembered of each attempt of an exchange, so that people can see where its time went.

Plain values, written by whoever makes attempts. Knows no exchange.
"""

from dataclasses import dataclass

from sidecar.errors import ExchangeError

MOST = 16
"""Attempts of one exchange that are remembered; those beyond are made all the same."""


@dataclass(slots=True, eq=False)
class Tried:
    """One attempt that was begun. Instants are on the Clock."""

    number: int
    """As it was counted; what is sent again on a fresh connection keeps its number."""
    began: float
    ended: float = 0.0
    """When it failed, or its response was over; 0 while it lasts."""
    status: int = 0
    """What the upstream answered; 0 where it did not."""
    error: str | None = None
    """An ExchangeError's code; `cancelled` when nobody wanted it any more."""
    reused: bool = False
    """Whether its connection was used before."""
    dial: float = 0.0
    """Seconds that opening its connection took."""

    def end(self, now: float, error: BaseException | None = None) -> None:
        """It is over: with `error`, or because its response was read or given up."""
        self.ended = now
        if error is not None:
            self.error = error.code if isinstance(error, ExchangeError) else "cancelled"
