"""How a flight can end, and what each of those who waited for it gets. Values only."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from sidecar.core.cache.model import Entry
from sidecar.core.cache.vary import selecting
from sidecar.exchange import RawHeaders, Response
from sidecar.flights.broadcast import Broadcast, Reader


@dataclass(frozen=True, slots=True)
class Shared:
    """An answer that all passengers read."""

    broadcast: Broadcast
    vary: tuple[bytes, ...] = ()
    """Names of request fields that select it."""
    selecting: tuple[bytes | None, ...] = ()
    """Their values in the request that it answers."""
    stored: bool = False
    """Whether it is kept."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was stored is good again."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Alone:
    """An answer that only one exchange may have."""

    response: Response


Landing: TypeAlias = Shared | Stored | Alone


def is_refusal(status: int) -> bool:
    """Whether it tells only of who asks, not of what is asked for (RFC 9110 §15.5.2, §15.5.4)."""
    return status in (401, 403)


def is_for(landing: Landing, headers: RawHeaders) -> bool:
    """Whether a request with these fields would have got the same (RFC 9111 §4.1)."""
    if isinstance(landing, Shared):
        return landing.selecting == selecting(landing.vary, headers)
    if isinstance(landing, Stored):
        entry = landing.entry
        return entry.selecting == selecting(entry.plan.vary, headers)
    return False


def without_cookies(headers: RawHeaders) -> RawHeaders:
    """The fields for those who joined: a cookie is for the one who began the call."""
    return [field for field in headers if field[0].lower() != b"set-cookie"]


class Arrival(NamedTuple):
    """What one exchange got."""

    landing: Landing
    joined: bool
    """Whether it was on a flight that another exchange had begun."""
    reader: Reader | None = None
    """Its own view of a body that is shared."""

    def discard(self) -> None:
        """It is not wanted."""
        if self.reader is not None:
            self.reader.leave()
        elif isinstance(self.landing, Alone):
            self.landing.response.close()
