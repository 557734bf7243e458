"""Settings that are valid and have no effect where they stand, such as `cache.when` without `post`.

A value counts only where it helps no scope (an upstream's own, or a route's) that it holds for.
Values of presets are left out: nobody wrote them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.config import Config, Limit, Route, Timeouts, Upstream, default_route
from sidecar.config.values import format_duration
from sidecar.loader.idle_cache import Verdict, cache_verdicts
from sidecar.loader.idle_keys import key_verdicts, names_of
from sidecar.loader.problems import Problem, nearest
from sidecar.loader.tree import Leaf, Listing, Node, Origin, Path, Table, find

_OF_A_ROUTE = frozenset(("key", "hold", "hold_unsafe"))
"""What a route's `breaker` overrides; the states of a breaker are the upstream's."""
_WORDS = ("target", "table", "credential")
"""What `invalidates` may hold beside the names of tags."""


class _Scope(NamedTuple):
    path: Path
    tree: Table
    route: Route


def idle_settings(config: Config, root: Table) -> list[Problem]:
    """Warnings about them, each at the place of the setting."""
    found: list[Problem] = []
    for name, _, tree in root.tables("upstreams"):
        upstream = config.upstreams[name]
        scopes = list(_scopes(name, upstream, tree))
        found += _nowhere_of_use(upstream, scopes)
        found += _breakers(scopes)
        found += _unknown_tags(upstream, scopes)
        found += _limit(upstream.limit, scopes[0])
    return found


def _scopes(name: str, upstream: Upstream, tree: Table) -> Iterator[_Scope]:
    """The upstream's own, then those of its routes."""
    path: Path = ("upstreams", name)
    yield _Scope(path, tree, default_route(upstream))
    routes = tree.get("routes")
    for index, route in routes.tables() if isinstance(routes, Listing) else ():
        yield _Scope((*path, "routes", index), route, upstream.routes[index])


def _nowhere_of_use(upstream: Upstream, scopes: list[_Scope]) -> Iterator[Problem]:
    """A route inherits the very node of its upstream, so one node may be judged several times."""
    keeps = any(each.is_on for each in (upstream.cache, *(r.cache for r in upstream.routes)))
    names = names_of(upstream.routes)
    first: dict[int, Problem] = {}
    of_use: set[int] = set()
    for scope in scopes:
        verdicts = (
            *cache_verdicts(scope.route, keeps=keeps),
            *key_verdicts(scope.route, names),
            *_total(scope.route.timeouts),
        )
        for path, message in verdicts:
            node, origin, exact = _written(scope.tree, path)
            if not exact:
                continue
            if message is None:
                of_use.add(id(node))
            else:
                warning = Problem(origin, (*scope.path, *path), message, severity="warning")
                first.setdefault(id(node), warning)
    yield from (problem for node, problem in first.items() if node not in of_use)


def _written(tree: Table, path: Path) -> tuple[Node, Origin, bool]:
    """What the user wrote at `path`, the place of its key, and whether there is anything."""
    node, key, exact = find(tree, path)
    return node, key, exact and not _is_of_preset(key)


def _is_of_preset(origin: Origin) -> bool:
    return origin.source.startswith("preset ")


def _total(timeouts: Timeouts) -> Iterator[Verdict]:
    connect = format_duration(timeouts.connect)
    message = f"is shorter than connect ({connect}), which therefore never ends a call here"
    is_shorter = timeouts.total < timeouts.connect
    is_chosen = timeouts.connect != Timeouts().connect  # a short total alone is no mistake
    yield ("timeouts", "total"), message if is_shorter and is_chosen else None


def _breakers(scopes: list[_Scope]) -> Iterator[Problem]:
    above = scopes[0].tree.get("breaker")
    shared = above.entries if isinstance(above, Table) else {}
    for path, tree, _ in scopes[1:]:
        breaker = tree.get("breaker")
        for key, entry in breaker.entries.items() if isinstance(breaker, Table) else ():
            inherited = key in shared and shared[key].node is entry.node
            if key in _OF_A_ROUTE or inherited or _is_of_preset(entry.key):
                continue
            message = "has no effect on a route: set it on the upstream, whose breaker is shared"
            yield Problem(entry.key, (*path, "breaker", key), message, severity="warning")


def _unknown_tags(upstream: Upstream, scopes: list[_Scope]) -> Iterator[Problem]:
    caches = (upstream.cache, *(route.cache for route in upstream.routes))
    known = {*_WORDS, *(tag for cache in caches for tag in cache.tags)}
    for path, tree, _ in scopes[1:]:
        names = tree.get("invalidates")
        for index, leaf in enumerate(names.items if isinstance(names, Listing) else ()):
            if (
                isinstance(leaf, Leaf)
                and leaf.value not in known
                and not _is_of_preset(leaf.origin)
            ):
                message = "drops nothing: no cache.tags of this upstream has this name"
                place, near = (*path, "invalidates", index), nearest(leaf.value, known)
                yield Problem(leaf.origin, place, message, near, severity="warning")


def _limit(limit: Limit, scope: _Scope) -> Iterator[Problem]:
    _, origin, exact = _written(scope.tree, ("limit", "min"))
    if exact and limit.mode == "adaptive" and limit.min > limit.inflight:
        message = f"is more than inflight ({limit.inflight}), which is used instead"
        yield Problem(origin, (*scope.path, "limit", "min"), message, severity="warning")
