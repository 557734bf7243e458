"""Which settings of a route's cache have no effect, and why. Pure; knows nothing of the file.

Follows what `core/cache` does with them: `reads.py`, `ttl.py` and `rfc9111.py`.
"""

from collections.abc import Iterator
from typing import TypeAlias

from sidecar.config import Cache, Route
from sidecar.loader.tree import Path

Verdict: TypeAlias = tuple[Path, str | None]
"""The path of a setting below its upstream or route; why it has no effect, or None if it has."""

_BY_HEADERS = "has no effect in mode rfc9111: the upstream's headers decide"
_REFUSALS = (401, 403)


def cache_verdicts(route: Route, *, keeps: bool) -> Iterator[Verdict]:
    """One for each setting that can be without effect, whether it is written or not.

    Args:
        route: with all that it inherits.
        keeps: whether any route of the upstream keeps answers.
    """
    cache = route.cache
    headers = cache.mode == "rfc9111"
    yield ("cache", "ttl"), _BY_HEADERS if headers else _ttl(route)
    names = "has no effect in mode rfc9111: only what the upstream names in Vary is told apart"
    yield ("cache", "headers"), names if headers else None
    yield ("cache", "negative"), _BY_HEADERS if headers else None
    for status in () if headers else cache.negative:
        yield ("cache", "negative", str(status)), _negative(cache, status)
    bodies = "without post: true nothing is kept: only a POST has a body to look at"
    yield ("cache", "when"), bodies if cache.when and not cache.post else None
    is_kept = headers or cache.ttl > 0
    for key in ("stale_while_revalidate", "stale_if_error"):
        stale = "has no effect without ttl or mode: rfc9111"
        yield ("cache", key), stale if getattr(cache, key) and not is_kept else None
    ahead = "has no effect: no route of this upstream has a cache.ttl or mode: rfc9111"
    yield ("cache", "prefetch"), ahead if cache.prefetch and not keeps else None


def _ttl(route: Route) -> str | None:
    """A request is a read by its method; a POST is one where the route says so."""
    methods, cache = route.match.methods, route.cache
    reads = {"GET", "HEAD", "POST"} if cache.post else {"GET", "HEAD"}
    if not cache.ttl or not methods or reads & set(methods):
        return None
    hint = "" if cache.post or "POST" not in methods else "; post: true keeps those to a POST"
    return f"has no effect: only answers to GET and HEAD are kept, not to {'/'.join(methods)}{hint}"


def _negative(cache: Cache, status: int) -> str | None:
    if not cache.negative[status]:
        return None
    if status == 200:
        return "has no effect: ttl is for 200"
    if status in (206, 304, 429) or status >= 500:
        return "has no effect: answers with this status are never kept"
    if cache.shared and status in _REFUSALS:
        return "has no effect with shared: true: a refusal is for whoever asked"
    return None
