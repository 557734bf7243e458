"""Removes the content coding of a body that streams: piece by piece, in bounded memory.

Never raises: what cannot be read is given up.
"""

import zlib
from collections.abc import Iterator

from sidecar.dialects.body import WINDOW, codings_of
from sidecar.exchange import RawHeaders

_PIECE = 64 * 1024
_MOST = 4 * 1024 * 1024
"""Bytes that one chunk may unfold to: more is a bomb, and not worth the time."""


class Unfolding:
    """The text of a body that is coded with gzip, deflate, or not at all.

    Args:
        headers: of the response.
    """

    __slots__ = ("_inflate", "_window", "readable")

    def __init__(self, headers: RawHeaders) -> None:
        codings = codings_of(headers)
        self._window = WINDOW.get(codings[0]) if len(codings) == 1 else None
        self._inflate = zlib.decompressobj(self._window) if self._window else None
        self.readable = not codings or self._inflate is not None
        """Whether all that came could be read: no other coding, no damage, no bomb."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What `data`, the next bytes as they came, adds to the text: at most 64 KiB at a time."""
        if not self.readable:
            return
        if self._inflate is None or self._window is None:
            yield data
            return
        inflate, total, more = self._inflate, 0, True
        while more:
            try:
                piece = inflate.decompress(data, _PIECE)
            except zlib.error:
                self.readable = False
                return
            total += len(piece)
            if total > _MOST:
                self.readable = False
                return
            yield piece
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            more = bool(data) or (len(piece) == _PIECE and not inflate.eof)
            if inflate.eof:  # a coded body may be several, one behind the other (RFC 1952 §2.2)
                inflate = self._inflate = zlib.decompressobj(self._window)
