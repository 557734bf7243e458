"""What a fault may do: the closed set of actions that the drill layer knows. Values only.

`Reply`, `Failure` and `Silence` take the upstream's place: it hears nothing of the call. The
others let the call through and spoil what comes back.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from sidecar.config.drills import FaultName
from sidecar.errors import ExchangeError
from sidecar.exchange import RawHeaders

Json: TypeAlias = dict[str, Any]


class Reply(NamedTuple):
    """An answer in place of the upstream's."""

    status: int
    reason: bytes
    headers: RawHeaders
    body: bytes
    streamed: bool = False
    """Whether its length is not declared."""
    broken: bool = False
    """Whether it breaks after these bytes."""


class Failure(NamedTuple):
    """No answer, at once: the error that the transport would raise."""

    kind: Callable[..., ExchangeError]
    code: str
    text: str
    sent: bool = True
    """Whether the request would have been sent before."""


class Silence(NamedTuple):
    """Nothing happens until the transport's timer of this name would expire."""

    timer: Literal["connect_timeout", "first_byte_timeout"]


class Stale(NamedTuple):
    """The request meets the end of a kept connection.

    What may be sent twice goes to a fresh connection, as the transport would do it: a call that
    the fault does not hurt. The rest fails with `stale_connection`.
    """


class Late(NamedTuple):
    """The upstream's answer, this many seconds later."""

    seconds: float


class Slow(NamedTuple):
    """The upstream's body with a pause before each piece."""

    pause: float
    """Seconds."""
    size: int | None = None
    """Bytes of a piece; None: as they come."""


class Cut(NamedTuple):
    """The upstream's body, broken off in the middle."""

    chunked: bool = False
    """Whether its length is hidden from the application, as a chunked answer's is."""


class Lost(NamedTuple):
    """The upstream acts on the call, and the connection ends before its answer arrives."""


Action: TypeAlias = Reply | Failure | Silence | Stale | Late | Slow | Cut | Lost


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the catalogue."""

    name: FaultName
    text: str
    """One line: what happens."""
    source: str
    """Where it is documented or was seen."""
    action: Callable[[float], Action]
    """What happens, given the seconds of the fault's own time."""
    delay: float | None = None
    """Seconds of its own time where nobody says otherwise; None: it has none."""

    def act(self, delay: float | None = None) -> Action:
        """What happens; `delay` is its own time in seconds, its default if None."""
        return self.action(delay if delay is not None else self.delay or 0.0)

    @property
    def reaches_upstream(self) -> bool:
        """Whether the upstream gets the call and may act on it."""
        return isinstance(self.act(), Stale | Late | Slow | Cut | Lost)


def always(action: Action) -> Callable[[float], Action]:
    """The action of a fault that has no time of its own."""
    return lambda _: action


def compact(value: object) -> bytes:
    """JSON in UTF-8 without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def reply(status: int, reason: bytes, content_type: bytes, body: bytes, *more: bytes) -> Reply:
    """A reply of a declared length; `more` are header lines, `Name: value`."""
    headers: RawHeaders = [
        (b"Content-Type", content_type),
        (b"Content-Length", b"%d" % len(body)),
    ]
    for line in more:
        name, _, value = line.partition(b": ")
        headers.append((name, value))
    return Reply(status, reason, headers, body)
