"""Room on the disk that is kept free, so that what is under way can be finished when it is full.

A file of nothing: it is given up when there is no room, and made again when there is plenty. As
long as it is not there, nothing more is accepted. Knows nothing of deliveries.
"""

import os
from contextlib import suppress
from pathlib import Path

_LEAST = 1024 * 1024
_MOST = 16 * 1024 * 1024
"""Bytes; more than the log of changes grows to, so that it can always be worked off."""
_CHUNK = bytes(64 * 1024)


class Reserve:
    """A file beside the one at `path`; processes that use the same files share it.

    Args:
        path: of the file that it is kept for.
        most: bytes that one may get; the reserve is a sixteenth of that, and 16 MiB at the most.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path.with_name(f"{path.name}.reserve")
        self._size = max(_LEAST, min(_MOST, most // 16))

    def __repr__(self) -> str:
        return f"<Reserve {'kept' if self.kept else 'given up'}>"

    @property
    def kept(self) -> bool:
        """Whether it is there."""
        try:
            return os.stat(self._path).st_size >= self._size  # noqa: PTH116 - asked for each commit
        except OSError:
            return False

    def keep(self) -> bool:
        """Make it, if it is not there, and as much again stays free; whether it is there."""
        if self.kept:
            return True
        try:
            if self._free() < 2 * self._size:
                return False
            self._make()
        except OSError:
            self.give_up()
            return False
        return True

    def give_up(self) -> None:
        """Make room."""
        with suppress(OSError):
            self._path.unlink()

    def _free(self) -> int:
        found = os.statvfs(self._path.parent)
        return found.f_bavail * found.f_frsize

    def _make(self) -> None:
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file, 0, self._size)
                return
            left = self._size
            while left > 0:
                left -= os.write(file, _CHUNK[:left])
        finally:
            os.close(file)
