"""What each value allows and all of them together do not, such as one port for two listeners.

Looks at the tree, so that these problems are found beside those of single values.
"""

from collections.abc import Iterator
from posixpath import normpath

from sidecar.config import DEFAULT_ROUTE, Address
from sidecar.config.admin import DEFAULT_ADMIN
from sidecar.config.root import DEFAULT_OPS, DEFAULT_PROXY
from sidecar.config.spool import SqliteSpool
from sidecar.config.stores import SqliteStore
from sidecar.config.values import address, whole
from sidecar.config.written import dotted
from sidecar.loader.doubled import doubled
from sidecar.loader.guarded import unguarded
from sidecar.loader.problems import Problem, nearest
from sidecar.loader.propagated import propagated
from sidecar.loader.tree import DEFAULT, Leaf, Listing, Node, Origin, Path, Table
from sidecar.loader.unspooled import unspooled

_ANY_HOST = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound
_Place = tuple[Address, Path, Origin]


def disagreements(root: Table) -> list[Problem]:
    """All of them, errors and warnings."""
    checks = (
        _listeners,
        _server_tls,
        _hosts,
        _client_tls,
        _downloads,
        _routes,
        unguarded,
        unspooled,
        _files_of_stores,
        doubled,
        propagated,
    )
    return [problem for check in checks for problem in check(root)]


def _leaves(node: Node | None, path: Path) -> Iterator[tuple[Path, Leaf]]:
    """One value or the values of a list."""
    if isinstance(node, Leaf) and not node.broken:
        yield path, node
    elif isinstance(node, Listing):
        for index, item in enumerate(node.items):
            yield from _leaves(item, (*path, index))


def _addresses(root: Table, key: str, default: Address | None) -> Iterator[_Place]:
    node = root.get("listen", key)
    if node is None and default is not None:
        yield default, ("listen", key), DEFAULT
    for path, leaf in _leaves(node, ("listen", key)):
        try:
            yield address(leaf.value), path, leaf.origin
        except ValueError:
            continue


def _ports(root: Table, hosts: list[str]) -> Iterator[_Place]:
    for name, _, upstream in root.tables("upstreams"):
        for key in ("port", "tls_port"):
            leaf = upstream.leaf(key)
            if leaf is None:
                continue
            try:
                port = whole(leaf.value)
            except ValueError:
                continue
            for host in hosts:
                yield Address(host, port), ("upstreams", name, key), leaf.origin


def _listeners(root: Table) -> Iterator[Problem]:
    """Two listeners cannot have one address."""
    proxies = list(_addresses(root, "proxy", DEFAULT_PROXY))
    hosts = list(dict.fromkeys(each.host for each, _, _ in proxies if each.host))
    taken: list[_Place] = []
    for place in (
        *_addresses(root, "ops", DEFAULT_OPS),
        *_addresses(root, "admin", DEFAULT_ADMIN),
        *proxies,
        *_addresses(root, "proxy_tls", None),
        *_ports(root, hosts),
    ):
        for other in taken:
            if other[1] != place[1] and _clash(place[0], other[0]):
                later, earlier = (place, other) if place[2] is not DEFAULT else (other, place)
                what = "socket" if later[0].path else f"port {later[0].port}"
                message = f"{what} is already used by {dotted(earlier[1])}"
                yield Problem(later[2], later[1], message)
                break
        taken.append(place)


def _clash(one: Address, other: Address) -> bool:
    if one.path or other.path:
        return one.path == other.path
    if one.port != other.port or one.port == 0:
        return False
    return one.host == other.host or bool(_ANY_HOST & {one.host, other.host})


def _server_tls(root: Table) -> Iterator[Problem]:
    """A TLS listener needs a certificate."""
    if root.has("listen", "tls"):
        return
    message = "needs listen.tls with certificate and key"
    served = root.get("listen", "proxy_tls")
    if served is not None and (not isinstance(served, Listing) or served.items):
        yield Problem(served.origin, ("listen", "proxy_tls"), message)
    for name, _, upstream in root.tables("upstreams"):
        if leaf := upstream.leaf("tls_port"):
            yield Problem(leaf.origin, ("upstreams", name, "tls_port"), message)


def _hosts(root: Table) -> Iterator[Problem]:
    """A Host header selects one upstream."""
    first: dict[str, tuple[str, Origin]] = {}
    for name, _, upstream in root.tables("upstreams"):
        for path, leaf in _leaves(upstream.get("hosts"), ("upstreams", name, "hosts")):
            if not isinstance(leaf.value, str):
                continue
            host = leaf.value.lower().removesuffix(".")  # as `config.values.host` has it
            owner, origin = first.setdefault(host, (name, leaf.origin))
            if origin is not leaf.origin:
                message = f"this host already selects the upstream {owner} ({origin.place})"
                yield Problem(leaf.origin, path, message)


def _client_tls(root: Table) -> Iterator[Problem]:
    """A private key is of use only with its certificate; TLS settings only with https."""
    for name, _, upstream in root.tables("upstreams"):
        key, url = upstream.leaf("tls", "key"), upstream.leaf("url")
        path: Path = ("upstreams", name, "tls")
        if key and not upstream.has("tls", "certificate"):
            yield Problem(key.origin, (*path, "key"), "a key without certificate")
        tls = upstream.get("tls")
        plain = url and str(url.value).startswith("http://")
        if plain and isinstance(tls, Table) and tls.entries:
            entry = upstream.entries["tls"]
            yield Problem(entry.key, path, "has no effect: url is http", severity="warning")


def _files_of_stores(root: Table) -> Iterator[Problem]:
    """A shared store that is damaged is moved away; a spool never is."""
    paths = {"shared": SqliteStore().path, "spool": SqliteSpool().path}
    for name, usual in paths.items():
        kind = root.leaf("stores", name, "kind")
        if not root.has("stores", name) or (kind and kind.value != "sqlite"):
            return
        leaf = root.leaf("stores", name, "path")
        paths[name] = normpath(str(leaf.value if leaf else usual))
    if paths["shared"] == paths["spool"]:
        place = root.leaf("stores", "spool", "path") or root.leaf("stores", "shared", "path")
        origin, path = place.origin if place else DEFAULT, ("stores", "spool", "path")
        message = "the file of stores.shared, too, with which all that is queued may be moved away"
        yield Problem(origin, path, message, severity="warning")


def _downloads(root: Table) -> Iterator[Problem]:
    """Files are downloaded through an upstream that exists."""
    known = [name for name, _, _ in root.tables("upstreams")]
    for name, _, upstream in root.tables("upstreams"):
        leaf = upstream.leaf("media", "downloads")
        if leaf and leaf.value not in known:
            path: Path = ("upstreams", name, "media", "downloads")
            message = "there is no such upstream"
            yield Problem(leaf.origin, path, message, nearest(leaf.value, known))


def _routes(root: Table) -> Iterator[Problem]:
    """Names are unique, and every route can be reached."""
    for name, _, upstream in root.tables("upstreams"):
        routes = upstream.get("routes")
        first: dict[object, Origin] = {}
        everything: tuple[Path, Table] | None = None
        hidden: list[str] = []
        for index, route in routes.tables() if isinstance(routes, Listing) else ():
            path: Path = ("upstreams", name, "routes", index)
            leaf = route.leaf("name")
            if leaf and leaf.value == DEFAULT_ROUTE:
                message = "reserved for what no route matches: set it on the upstream itself"
                yield Problem(leaf.origin, (*path, "name"), message)
            elif leaf and first.setdefault(leaf.value, leaf.origin) is not leaf.origin:
                message = f"duplicate name, first used at line {first[leaf.value].line}"
                yield Problem(leaf.origin, (*path, "name"), message)
            if everything is None:
                everything = (path, route) if _matches_everything(route) else None
            elif leaf and route.origin.source.startswith("preset "):
                hidden.append(str(leaf.value))
            else:
                message = f"is never used: {dotted(everything[0])} matches everything before it"
                yield Problem(route.origin, path, message, severity="warning")
        if everything and hidden:
            yield _hiding(*everything, hidden)


def _hiding(path: Path, route: Table, hidden: list[str]) -> Problem:
    """Said where somebody can change it: often the name of a preset's route, misspelt."""
    leaf = route.leaf("name")
    near = nearest(leaf.value, hidden) if leaf else None
    message = "matches everything, so that no route of the preset after it is used"
    return Problem(route.origin, path, message, near, severity="warning")


def _matches_everything(route: Table) -> bool:
    path, methods = route.get("match", "path"), route.get("match", "methods")
    open_path = path is None or (isinstance(path, Leaf) and path.value == "/**")
    return open_path and (methods is None or (isinstance(methods, Listing) and not methods.items))
