"""Bodies as a fault gives them out: canned, slow, or broken off.

Thin: they wait on the Clock and decide nothing but where a piece ends.
"""

from dataclasses import dataclass, field

from sidecar.clock import Clock
from sidecar.core.allowance import allow
from sidecar.errors import TruncatedBody
from sidecar.exchange import Body


def broken_off(fault: str) -> TruncatedBody:
    """The transport's error for a body that ends too soon."""
    return TruncatedBody(
        f"drill {fault}: the upstream ended the response early", code="truncated_body"
    )


@dataclass(slots=True, eq=False)
class CannedBody:
    """Bytes that are there at once, then the end or a break."""

    data: bytes
    length: int | None
    breaks: TruncatedBody | None = None

    def take(self) -> bytes | None:
        """All of it; then b"", or None where the break is still to be read."""
        data, self.data = self.data, b""
        return data if data or self.breaks is None else None

    async def read(self) -> bytes:
        """All of it; then the end, or the break."""
        data = self.take()
        if data is None:
            assert self.breaks is not None
            raise self.breaks
        return data


@dataclass(slots=True, eq=False)
class CutBody:
    """Another body up to some point, and no end."""

    rest: Body
    length: int | None
    keep: int | None
    """Bytes that are given out; None: the first piece that comes."""
    breaks: TruncatedBody

    def take(self) -> None:
        """Nothing: it is read, piece by piece."""

    async def read(self) -> bytes:
        """What is left before the break, then the break."""
        if self.keep == 0:
            raise self.breaks
        data = await self.rest.read()
        data = data if self.keep is None else data[: self.keep]
        self.keep = 0 if self.keep is None else self.keep - len(data)
        if not data:
            raise self.breaks
        return data


@dataclass(slots=True, eq=False)
class SlowBody:
    """Another body, with a pause before each piece; `idle` and the deadline go on counting."""

    rest: Body
    pause: float
    size: int | None
    """Bytes of a piece; None: as they come."""
    idle: float
    deadline: float
    attempt: int
    clock: Clock
    _held: bytes = field(init=False, default=b"")

    @property
    def length(self) -> int | None:
        """The whole body's."""
        return self.rest.length

    def take(self) -> None:
        """Nothing: each piece is waited for."""

    async def read(self) -> bytes:
        """The next piece, after the pause; b"" at the end, at once."""
        self._held = self._held or await self.rest.read()
        if not self._held:
            return b""
        allowance = allow("idle_timeout", self.idle, self.deadline - self.clock.now())
        await self.clock.sleep(min(self.pause, allowance.seconds))
        if self.pause >= allowance.seconds:
            raise allowance.expired("between two chunks of the response", self.attempt)
        size = self.size or len(self._held)
        piece, self._held = self._held[:size], self._held[size:]
        return piece
