"""URLs of upstreams that end as paths of their routes begin, such as `…/rest/v1`. Pure.

What an upstream's path holds is put before the path of each call, which then has it twice.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from sidecar.loader.problems import Problem
from sidecar.loader.tree import Leaf, Listing, Table

_MESSAGE = "ends as paths of its routes begin, and calls would have that twice: leave it out"
_VERSION = re.compile(r"v[0-9][0-9a-z.]*")


def doubled(root: Table) -> Iterator[Problem]:
    """One warning for each such URL."""
    for name, _, upstream in root.tables("upstreams"):
        url, routes = upstream.leaf("url"), upstream.get("routes")
        base = _base(url) if url else []
        listed = [route for _, route in routes.tables()] if isinstance(routes, Listing) else []
        patterns = (
            _segments(leaf.value) for each in listed if (leaf := each.leaf("match", "path"))
        )
        if url and any(_repeats(base, pattern) for pattern in patterns):
            path = ("upstreams", name, "url")
            yield Problem(url.origin, path, _MESSAGE, severity="warning")


def _base(url: Leaf) -> list[str]:
    try:
        return _segments(urlsplit(str(url.value)).path)
    except ValueError:  # said elsewhere
        return []


def _segments(path: object) -> list[str]:
    return [each for each in str(path).split("/") if each]


def _repeats(base: list[str], pattern: list[str]) -> bool:
    counts = range(1, min(len(base), len(pattern)) + 1)
    return any(all(map(_fits, base[-count:], pattern[:count])) for count in counts)


def _fits(segment: str, pattern: str) -> bool:
    if pattern == "{version}":
        return _VERSION.fullmatch(segment) is not None
    return segment == pattern
