"""Reads the files that tell what an application calls; what they mean is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.core.findings import compose, dotenv
from sidecar.core.findings.assignment import Assignment, Named, Place, Read, Unclear

LOOKED_FOR = (
    ".env",
    ".env.local",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
)
MAX_BYTES = 1_000_000
_COMPOSE = frozenset({".yaml", ".yml"})


class Unreadable(Exception):
    """A file cannot be read; the message says why."""


@dataclass(slots=True)
class Found:
    """All that the files hold."""

    files: list[str] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)

    def add(self, name: str, read: Read) -> None:
        """Take what one file holds."""
        self.files.append(name)
        self.assignments += read.assignments
        self.unclear += read.unclear


def gather(names: Sequence[str]) -> Found:
    """Read these files, and those that compose files among them name.

    Raises:
        Unreadable: one of `names` cannot be read.
    """
    found = Found()
    named: list[tuple[Path, Named]] = []
    seen = set()
    for name in names:
        path = Path(name)
        seen.add(path.resolve())
        read = _read(path, name)
        found.add(name, read)
        named += [(path.parent / each.path, each) for each in read.files]
    for path, each in named:
        if path.resolve() in seen:
            continue
        seen.add(path.resolve())
        try:
            found.add(str(path), _read(path, str(path), as_dotenv=True))
        except Unreadable as error:
            if each.required:
                found.unclear.append(Unclear(each.place, f"env_file {error}"))
    return found


def _read(path: Path, name: str, *, as_dotenv: bool = False) -> Read:
    try:
        with path.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise Unreadable(f"{Place(name, 0)}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise Unreadable(f"{Place(name, 0)}: over {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{Place(name, 0)}: not UTF-8") from None
    is_compose = path.suffix in _COMPOSE and not as_dotenv
    return compose.read(text, name) if is_compose else dotenv.read(text, name)
