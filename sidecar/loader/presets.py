"""Presets under the user's settings, and upstreams under their routes.

Order for a route's setting, the first that is there wins: the user's route, the preset's route,
the user's upstream, the preset's upstream. A route is more specific than an upstream, whoever
wrote it; at the same level, the user wins.
"""

from functools import cache
from importlib.resources import files

from sidecar.config import INHERITED
from sidecar.loader.document import parse
from sidecar.loader.shape import choices_at
from sidecar.loader.tree import Entry, Leaf, Listing, Node, Origin, Table, merge


def names() -> tuple[str, ...]:
    """The presets that are shipped."""
    return choices_at(("upstreams", "", "preset"))


def preset(name: str) -> Table:
    """The settings of one preset, a tree of its own; every value says that it comes from there."""
    marked = _from_preset(_shipped(name), Origin(f"preset {name}"))
    assert isinstance(marked, Table)
    return marked


@cache
def _shipped(name: str) -> Table:
    text = files("sidecar.presets").joinpath(f"{name}.yaml").read_text("utf-8")
    root, problems = parse(text, f"{name}.yaml")
    assert not problems, problems
    return root


def _from_preset(node: Node, origin: Origin) -> Node:
    if isinstance(node, Table):
        entries = {
            key: Entry(origin, _from_preset(entry.node, origin))
            for key, entry in node.entries.items()
        }
        return Table(origin, entries)
    if isinstance(node, Listing):
        return Listing(origin, [_from_preset(item, origin) for item in node.items])
    return Leaf(node.value, origin)


def apply_presets(root: Table) -> None:
    """Put each upstream's preset, if it has one, under what the upstream says itself."""
    for _, entry, upstream in root.tables("upstreams"):
        chosen = upstream.leaf("preset")
        if chosen is not None and chosen.value in names():
            entry.node = _over_preset(upstream, preset(str(chosen.value)))


def _over_preset(upstream: Table, base: Table) -> Table:
    merged = merge(base, upstream)
    assert isinstance(merged, Table)
    own, shipped = upstream.get("routes"), base.get("routes")
    if isinstance(own, Listing) and isinstance(shipped, Listing):
        merged.entries["routes"].node = _routes(own, shipped)
    return merged


def _routes(own: Listing, shipped: Listing) -> Listing:
    """The user's routes first, each over the preset's of that name; then the preset's others."""
    by_name = {_name(item): item for item in shipped.items}
    used = {_name(item) for item in own.items}
    mine = [merge(by_name.get(_name(item)) or _covering(item, shipped), item) for item in own.items]
    return Listing(own.origin, mine + [i for i in shipped.items if _name(i) not in used])


def _covering(route: Node, shipped: Listing) -> Node:
    """What the preset says of the paths that a route of the user's is for, without name and match.

    So that `/rest/v1/conversations` speaks PostgREST, as all of `/rest/v1/**` does.
    """
    path = _path(route)
    for item in shipped.items:
        prefix = _path(item).removesuffix("**")
        if isinstance(item, Table) and prefix.endswith("/") and path.startswith(prefix):
            kept = {key: e for key, e in item.entries.items() if key not in ("name", "match")}
            # A copy: what the environment sets of one route must not change the other.
            return _from_preset(Table(item.origin, kept), item.origin)
    return route


def _path(route: Node) -> str:
    match = route.get("match") if isinstance(route, Table) else None
    leaf = match.leaf("path") if isinstance(match, Table) else None
    return str(leaf.value) if leaf else ""


def _name(route: Node) -> object:
    leaf = route.leaf("name") if isinstance(route, Table) else None
    return leaf.value if leaf else None


def inherit(root: Table) -> None:
    """Give every route what its upstream says and the route does not."""
    for _, _, upstream in root.tables("upstreams"):
        routes = upstream.get("routes")
        if not isinstance(routes, Listing):
            continue
        for index, route in routes.tables():
            entries = dict(route.entries)
            for key in INHERITED:
                if above := upstream.entries.get(key):
                    own = entries.get(key)
                    node = merge(above.node, own.node) if own else above.node
                    entries[key] = Entry(own.key if own else above.key, node)
            routes.items[index] = Table(route.origin, entries)
