"""A request target as bytes: the path's segments and the query's pairs, each decoded once. Pure.

aiohttp would normalise them first; a provider, and whoever tests a proxy, must not.
"""

from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of one request target."""

    segments: tuple[str, ...]
    """Of the path, percent-decoded; empty ones kept."""
    pairs: Pairs
    """Of the query, decoded, in order; repeated and empty ones kept."""

    def last(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return next((value for key, value in reversed(self.pairs) if key == name), default)


def parse(raw_target: str) -> Target:
    """Take `/a%2Fb/c?x=1&x=2` apart."""
    path, _, query = raw_target.partition("?")
    segments = tuple(unquote(segment) for segment in path.split("/")[1:])
    pairs = [_pair(part) for part in query.split("&")] if query else []
    return Target(segments, pairs)


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    return unquote_plus(name), unquote_plus(value)
