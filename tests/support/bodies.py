"""Bodies that come in chosen pieces, or break, or stall."""

import asyncio

from sidecar.exchange import Response


class Chunks:
    """A body of unknown length: each piece is one chunk; an error breaks it, None stalls it.

    Args:
        pieces: the chunks, in order.
        at_hand: whether they have arrived already, and so can be taken without waiting.
    """

    def __init__(self, *pieces: bytes | Exception | None, at_hand: bool = False) -> None:
        self._pieces = list(pieces)
        self._at_hand = at_hand
        self.length: int | None = None

    def take(self) -> bytes | None:
        """The next piece, if it is at hand."""
        if self._at_hand and not self._pieces:
            return b""
        at_hand = self._at_hand and isinstance(self._pieces[0], bytes)
        return self._next() if at_hand else None

    async def read(self) -> bytes:
        """The next piece; b"" after the last."""
        if self._pieces and self._pieces[0] is None:
            await asyncio.Event().wait()
        return self._next() if self._pieces else b""

    def _next(self) -> bytes:
        piece = self._pieces[0]
        if isinstance(piece, Exception):
            raise piece
        assert piece is not None
        self._pieces.pop(0)
        return piece


async def whole(answer: Response) -> bytes:
    """Its body, read to the end."""
    parts = []
    while part := await answer.body.read():
        parts.append(part)
    return b"".join(parts)
