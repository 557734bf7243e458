"""Where a contender stands: the upstreams behind it, and the doors through which they are asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PLAIN, SLOW, EVENTS, TLS = "supabase", "slow", "gemini", "tls"
TARGETS = (PLAIN, SLOW, EVENTS, TLS)
"""What is behind a contender; also the prefixes of their paths."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a contender's configuration is made from."""

    folder: Path
    """An empty one, for its files."""
    port: int
    ports: Mapping[str, int]
    """Of the upstreams, by target."""
    authority: Path
    """PEM file of whom to trust at `TLS`, which is called `localhost`."""

    def upstream(self, target: str) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.ports[target]}"

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder; its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


@dataclass(frozen=True, slots=True)
class Door:
    """Where a target is asked for."""

    port: int
    prefix: str = ""

    def url(self, path: str) -> str:
        """The URL of a path of the target."""
        return f"http://127.0.0.1:{self.port}{self.prefix}{path}"


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that requests go through, or the upstreams themselves."""

    name: str
    command: tuple[str, ...]
    doors: Mapping[str, Door]
    """By target; one that it cannot reach is not among them."""


Configure = Callable[[str, Place], Contender]
"""Writes the files of a peer whose program is at that path."""


def behind(port: int, targets: tuple[str, ...] = TARGETS) -> dict[str, Door]:
    """The doors of a contender that listens on one port and takes a prefix off the path."""
    return {target: Door(port, f"/{target}") for target in targets}
