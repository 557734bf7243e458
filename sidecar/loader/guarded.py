"""What would open the admin listener to others, and drills that are not allowed or hit nothing.

Looks at the tree, as `agreement.py` does.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from sidecar.config import DEFAULT_ROUTE, Address
from sidecar.config.admin import DEFAULT_ADMIN, is_loopback
from sidecar.config.drills import MOST
from sidecar.config.values import address, flag
from sidecar.loader.problems import Problem, nearest
from sidecar.loader.tree import DEFAULT, Leaf, Listing, Origin, Path, Table


def unguarded(root: Table) -> Iterator[Problem]:
    """All of it."""
    place = _admin(root)
    if place is not None:
        yield from _open_to_others(root, *place)
        yield from _proxied(root, place[0])
    yield from _not_allowed(root)
    yield from _too_many(root)
    yield from _hitting_nothing(root)


def _admin(root: Table) -> tuple[Address, Origin] | None:
    """Where the admin listener is; None where there is none, or its address is no address."""
    node = root.get("listen", "admin")
    if node is None:
        return DEFAULT_ADMIN, DEFAULT
    if not isinstance(node, Leaf) or node.broken or node.value is None:
        return None
    try:
        return address(node.value), node.origin
    except ValueError:
        return None


def _open_to_others(root: Table, where: Address, origin: Origin) -> Iterator[Problem]:
    """Whoever reaches the listener can stop traffic: a token, or this machine only."""
    if not is_loopback(where) and not root.has("admin", "token"):
        message = "others reach this address: set admin.token, or use 127.0.0.1 or a Unix socket"
        yield Problem(origin, ("listen", "admin"), message)


def _proxied(root: Table, where: Address) -> Iterator[Problem]:
    """No upstream leads the application to it."""
    for name, _, upstream in root.tables("upstreams"):
        url = upstream.leaf("url")
        try:
            parts = urlsplit(str(url.value)) if url else None
            port = parts.port if parts else None
        except ValueError:
            continue
        if url and parts and port and port == where.port:
            host = Address(host=parts.hostname or "")
            if is_loopback(host) or host.host == where.host:
                message = "this is the admin listener, which is never to be reached through here"
                yield Problem(url.origin, ("upstreams", name, "url"), message)


def _drills(root: Table) -> Iterator[tuple[Path, Table]]:
    active = root.get("drills", "active")
    for index, drill in active.tables() if isinstance(active, Listing) else ():
        yield ("drills", "active", index), drill


def _not_allowed(root: Table) -> Iterator[Problem]:
    allowed = root.leaf("drills", "allowed")
    try:
        if allowed is not None and flag(allowed.value):
            return
    except ValueError:
        return
    for path, drill in _drills(root):
        message = "drills are not allowed: set drills.allowed to true, but not in production"
        yield Problem(drill.origin, path, message)
        return


def _too_many(root: Table) -> Iterator[Problem]:
    for path, drill in _drills(root):
        if path[-1] == MOST:
            yield Problem(drill.origin, path, f"more than {MOST} drills at once")


def _hitting_nothing(root: Table) -> Iterator[Problem]:
    """A drill names an upstream and a route that exist."""
    known = {name: _routes(upstream) for name, _, upstream in root.tables("upstreams")}
    for path, drill in _drills(root):
        upstream, route = drill.leaf("upstream"), drill.leaf("route")
        if upstream is None:
            continue
        routes = known.get(str(upstream.value))
        if routes is None:
            near = nearest(upstream.value, known)
            yield Problem(upstream.origin, (*path, "upstream"), "there is no such upstream", near)
        elif route is not None and route.value not in routes:
            near = nearest(route.value, routes)
            yield Problem(route.origin, (*path, "route"), "there is no such route", near)


def _routes(upstream: Table) -> list[str]:
    routes = upstream.get("routes")
    tables = routes.tables() if isinstance(routes, Listing) else ()
    named = [leaf.value for _, route in tables if (leaf := route.leaf("name"))]
    return [*map(str, named), DEFAULT_ROUTE, "*"]
