"""Upstreams that `tracing.propagate_to` names although there are none. Pure; looks at the tree."""

from collections.abc import Iterator

from sidecar.loader.problems import Problem, nearest
from sidecar.loader.tree import Leaf, Listing, Table

_MESSAGE = "there is no upstream of this name"


def propagated(root: Table) -> Iterator[Problem]:
    """One error for each name that is none."""
    names = [name for name, _, _ in root.tables("upstreams")]
    listed = root.get("tracing", "propagate_to")
    for index, leaf in enumerate(listed.items if isinstance(listed, Listing) else ()):
        if isinstance(leaf, Leaf) and not leaf.broken and leaf.value not in names:
            path = ("tracing", "propagate_to", index)
            yield Problem(leaf.origin, path, _MESSAGE, nearest(leaf.value, names))
