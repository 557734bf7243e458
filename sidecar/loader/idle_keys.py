"""Which keys of calls name a part that no call has, and which calls are never queued. Pure.

Follows `core/keys.py`: without a part there is no pace and no order, and a breaker is shared.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from sidecar.config import Route
from sidecar.loader.idle_cache import Verdict
from sidecar.loader.tree import Path
from sidecar.suggestions import hint, nearest

_NAME = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_ALWAYS = frozenset(("upstream", "route", "credential", "model"))
"""The model is in the body, where the path does not have it."""
_UNQUEUED = frozenset(("GET", "HEAD", "OPTIONS"))


def key_verdicts(route: Route, known: Collection[str]) -> Iterator[Verdict]:
    """One for each setting that can be without effect, whether it is written or not.

    Args:
        route: with all that it inherits.
        known: the names in the paths of all routes of the upstream.
    """
    keys: list[tuple[Path, str | None]] = [
        (("breaker", "key"), route.breaker.key),
        (("queue", "order"), route.queue.order),
        *((("pace", index, "key"), pace.key) for index, pace in enumerate(route.pace)),
    ]
    names = names_of([route])
    for path, key in keys:
        yield path, _nameless(key or "", names, known)
    methods = frozenset(route.match.methods)
    unqueued = "has no effect: GET, HEAD and OPTIONS are never queued"
    is_idle = methods and methods <= _UNQUEUED and route.queue.mode != "never"
    yield ("queue", "mode"), unqueued if is_idle else None


def names_of(routes: Iterable[Route]) -> frozenset[str]:
    """The names in the paths of these routes."""
    return frozenset(name for route in routes for name in _NAME.findall(route.match.path))


def _nameless(key: str, names: frozenset[str], known: Collection[str]) -> str | None:
    for part in map(str.strip, key.split("+")):
        if _WORD.fullmatch(part) and part not in names | _ALWAYS:
            return f"no path that it is for has such a {{name}}{hint(nearest(part, known))}"
    return None
