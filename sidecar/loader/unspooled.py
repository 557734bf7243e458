"""Routes that queue calls although there is nowhere to keep them. Pure; looks at the tree."""

from collections.abc import Iterator

from sidecar.loader.problems import Problem
from sidecar.loader.tree import Listing, Path, Table

_MESSAGE = "needs stores.spool, where calls are kept until they are delivered"


def unspooled(root: Table) -> Iterator[Problem]:
    """One error for each `queue.mode` that wants a spool which is not configured."""
    if root.has("stores", "spool"):
        return
    for name, _, upstream in root.tables("upstreams"):
        yield from _queues(upstream, ("upstreams", name))
        routes = upstream.get("routes")
        for index, route in routes.tables() if isinstance(routes, Listing) else ():
            yield from _queues(route, ("upstreams", name, "routes", index))


def _queues(section: Table, path: Path) -> Iterator[Problem]:
    mode = section.leaf("queue", "mode")
    if mode is not None and mode.value != "never":
        yield Problem(mode.origin, (*path, "queue", "mode"), _MESSAGE)
