"""Of several processes with the same file, one delivers: the one that holds the lock beside it.

The lock is the kernel's (`flock`): it ends with the process, however that ends, and not a moment
before, so a process that was stopped for an hour still has it. Knows nothing of deliveries.
"""

import fcntl
import os
from pathlib import Path


class Ownership:
    """A lock on `path` + `.lock`, which is made and never removed."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}.lock")
        self._file: int | None = None

    def __repr__(self) -> str:
        return f"<Ownership {'held' if self.held else 'not held'}>"

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._file is not None

    def acquire(self) -> bool:
        """Get it, if nobody has it; whether it is held.

        Raises:
            OSError: the file cannot be made, or the file system has no locks.
        """
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return True

    def release(self) -> None:
        """Give it back; idempotent."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
