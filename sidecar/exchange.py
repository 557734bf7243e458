"""The values that travel through the pipeline, and the one interface of its steps.

The contract:

1. A handler returns a Response, or raises an `ExchangeError` or `CancelledError`; nothing else.
2. Whoever consumes *or discards* a Response closes it.
3. A response outlives the call that returned it. Give things back with `on_close`, never in a
   generator around the body: a generator closed before its first chunk runs no `finally`.
4. An upstream 5xx is a Response; an exception means that no response exists.
5. `CancelledError` means that the client left: give back what you hold and re-raise.
6. Timeouts are enforced in the transport, below every layer that counts failures.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import reduce
from typing import Literal, NamedTuple, Protocol, TypeAlias

from sidecar.entered import Entered
from sidecar.judgement import Judgement
from sidecar.trail import MOST, Tried

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
"""What does no harm when it is done twice or cut off (RFC 9110 §9.2.1)."""

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
"""Header fields as they were on the wire: order, case, duplicates and bytes kept."""

Source = Literal["upstream", "cache", "sidecar"]
"""Who made a response."""

OnClose: TypeAlias = Callable[[BaseException | None], None]


class Body(Protocol):
    """The bytes of a message, once, in order. Requests and responses share this."""

    @property
    def length(self) -> int | None:
        """Bytes in total where the sender declared it; None for chunked or until-close."""
        ...

    def take(self) -> bytes | None:
        """What can be had without waiting: a chunk, b"" at the end, None when nothing is."""
        ...

    async def read(self) -> bytes:
        """The next chunk; b"" at the end.

        Raises:
            ExchangeError: the body broke; it has no end.
        """
        ...


class RequestBody(Body, Protocol):
    """A body that may be wanted again, for another attempt."""

    @property
    def rewindable(self) -> bool:
        """Whether what was read of it is still there."""
        ...

    def rewind(self) -> None:
        """Be read again from the start."""
        ...

    def known(self) -> bytes | None:
        """All of it, where it is in memory already; nothing is consumed. None where it is not."""
        ...


@dataclass(slots=True, eq=False)
class BytesBody:
    """A body that is wholly in memory. Reading consumes it; `data` stays for a replay."""

    data: bytes
    _left: bytes = field(init=False, default=b"")

    def __post_init__(self) -> None:
        self._left = self.data

    @property
    def length(self) -> int:
        """Its size."""
        return len(self.data)

    def take(self) -> bytes:
        """All of it, then b""."""
        left, self._left = self._left, b""
        return left

    async def read(self) -> bytes:
        """All of it, then b""."""
        return self.take()

    @property
    def rewindable(self) -> bool:
        """Always."""
        return True

    def rewind(self) -> None:
        """Be read again from the start."""
        self._left = self.data

    def known(self) -> bytes:
        """All of it."""
        return self.data


class Request(NamedTuple):
    """What the application asked for, after routing and before anything is decided about it."""

    method: str
    target: str
    """Path and query for the upstream, byte for byte as received, the prefix stripped."""
    headers: RawHeaders
    """End-to-end fields only: no Host, no hop-by-hop fields, Content-Length as declared."""
    body: RequestBody | None = None
    """None when the message has no body framing at all (as most GETs)."""


@dataclass(slots=True, eq=False)
class Response:
    """What goes back to the application."""

    status: int
    reason: bytes
    headers: RawHeaders
    """End-to-end fields only. Content-Length, where the upstream sent one, is among them."""
    body: Body
    source: Source = "upstream"
    judgement: Judgement | None = None
    """What it means; None until somebody has judged it, and for what the sidecar made."""
    _on_close: list[OnClose] = field(init=False, default_factory=list)
    _closed: bool = field(init=False, default=False)

    def on_close(self, callback: OnClose) -> None:
        """Run `callback(error)` when the response is closed; last added runs first.

        On a response that is closed already it runs at once.
        """
        if self._closed:
            callback(None)
        else:
            self._on_close.append(callback)

    def close(self, error: BaseException | None = None) -> None:
        """Give everything back. Synchronous, so nothing can interrupt it; idempotent.

        A callback that raises stops none of the others; the first to raise is heard at the end.
        """
        if self._closed:
            return
        self._closed = True
        failed: Exception | None = None
        callbacks, self._on_close = self._on_close, []  # they know the response: no cycle stays
        for callback in reversed(callbacks):
            try:
                callback(error)
            except Exception as raised:
                failed = failed or raised
        if failed is not None:
            raise failed


@dataclass(slots=True, eq=False)
class Timeline:
    """What one exchange spent where, on the Clock. Written by transport and layers that wait."""

    started: float
    pool_wait: float = 0.0
    """Waiting for a connection to be free, over all attempts."""
    dial: float = 0.0
    """Opening connections, over all attempts."""
    backoff: float = 0.0
    """Waiting between attempts."""
    held: float = 0.0
    """Waiting for an open breaker to let the call through."""
    paced: float = 0.0
    """Waiting so as not to exceed a rate."""
    queued: float = 0.0
    """Waiting for a place among the calls in flight."""
    at_upstream: float = 0.0
    """Waiting for answers, over all attempts."""
    reused: bool = False
    sent_at: float = 0.0
    """When the last attempt began to write; 0 while none has."""
    first_byte_at: float = 0.0
    """When the last attempt's answer began; 0 while it has not."""
    in_doubt: bool = False
    """Whether an attempt that was followed by another may have been done all the same."""
    bytes_up: int = 0
    bytes_down: int = 0
    trail: list[Tried] = field(default_factory=list)
    """Its first attempts, as they began. A copy of the timeline, as for a hedge, shares it."""

    def begin(self, number: int, now: float) -> Tried:
        """An attempt begins."""
        tried = Tried(number, now)
        if len(self.trail) < MOST:
            self.trail.append(tried)
        return tried


@dataclass(slots=True, eq=False)
class Exchange:
    """One request of the application, and what was decided about it."""

    id: str
    upstream: str
    route: str
    request: Request
    deadline: float
    """Absolute, on the Clock; set by the deadline layer. inf before that."""
    timeline: Timeline
    attempt: int = 1
    """The first is 1; 0 for what goes to no upstream. Written by whoever starts further ones."""
    abandoned: bool = False
    """The application left, and the call is let finish. Written by the listener."""
    repeatable: bool = False
    """An idempotency key makes it harmless to send it twice. Written by the ledger layer."""
    patient: bool = True
    """Whether to wait for an open breaker: not where something older can be served instead.
    Written by the cache layer."""
    entered: Entered | None = None
    """How the application came in; None for calls of the sidecar's own. Written by the listener."""
    background: bool = False
    """Nobody waits for it: it goes after all that somebody waits for."""
    delivery: str = ""
    """The id of the delivery that this is an attempt at; "" for what is no delivery."""
    before_send: Callable[[], Awaitable[None]] | None = None
    """What must be done before its first byte leaves: a delivery is then written down as sent."""


class Handler(Protocol):
    """The one verb of the pipeline."""

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Answer the exchange."""
        ...


Layer: TypeAlias = Callable[[Handler], Handler]


def stack(*layers: Layer | None, on: Handler) -> Handler:
    """Nest `layers` around `on`, the first outermost; None is a step that is not configured."""
    present = [layer for layer in layers if layer is not None]
    return reduce(lambda inner, layer: layer(inner), reversed(present), on)
