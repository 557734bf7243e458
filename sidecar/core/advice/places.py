"""Where a setting belongs in a configuration, and how a proposal is written there. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sidecar.config import DEFAULT_ROUTE, Config, Route, Upstream
from sidecar.core.advice.learnt import RouteKey
from sidecar.core.advice.shape import ID, Shape
from sidecar.core.routing import RouteEntry, entries

_OUTSIDE_NAME = re.compile(r"[^a-z0-9]+")
_PATTERN = re.compile(r"[A-Za-z0-9/_.:-]*(?:\*[A-Za-z0-9/_.:-]*)*")


class Place(NamedTuple):
    """One route as it is configured."""

    upstream: str
    config: Upstream
    route: Route
    names: frozenset[str]
    """Of all routes of the upstream."""

    def settings(self, **keys: object) -> Mapping[str, object]:
        """The tree that sets these keys of the route."""
        if self.route.name == DEFAULT_ROUTE:
            return {"upstreams": {self.upstream: keys}}
        return self.routes({"name": self.route.name, **keys})

    def of_upstream(self, **keys: object) -> Mapping[str, object]:
        """The tree that sets these keys of the upstream."""
        return {"upstreams": {self.upstream: keys}}

    def routes(self, *routes: Mapping[str, object]) -> Mapping[str, object]:
        """The tree with these routes, which go before those that there are."""
        return {"upstreams": {self.upstream: {"routes": list(routes)}}}

    def reading(self, shape: Shape, **keys: object) -> Mapping[str, object] | None:
        """A route for the reads of a shape; None where its path cannot be written."""
        path = shape.path.replace(ID, "*")
        if not _PATTERN.fullmatch(path) or "…" in path:
            return None
        match = self.route.match
        if match.path == path and set(match.methods) <= {"GET", "HEAD"} and match.methods:
            return {"name": self.route.name, **keys}
        route: dict[str, object] = {
            "name": self._name(shape),
            "match": {"methods": ["GET"], "path": path},
        }
        if self.config.preset is None:  # with one, it says what holds on its paths
            for key in ("errors", "dialect"):
                value = getattr(self.route, key)
                if isinstance(value, str) and value != getattr(self.config, key):
                    route[key] = value
        return {**route, **keys}

    def _name(self, shape: Shape) -> str:
        words = shape.table or "-".join(
            part for part in shape.path.split("/") if part and part != ID
        )
        name = _OUTSIDE_NAME.sub("-", words.lower()).strip("-")[:40].strip("-") or "calls"
        found, number = f"{name}-reads", 2
        while found in self.names:
            found, number = f"{name}-reads-{number}", number + 1
        return found


class Places:
    """All routes of a configuration."""

    def __init__(self, config: Config) -> None:
        self._places = dict(_places(config))

    def __repr__(self) -> str:
        return f"<Places {len(self._places)} routes>"

    def find(self, key: RouteKey) -> Place | None:
        """The route; None where there is none of that name."""
        return self._places.get(key)


def _places(config: Config) -> Iterator[tuple[RouteKey, Place]]:
    for name, upstream in config.upstreams.items():
        found: list[RouteEntry] = list(entries(name, upstream))
        names = frozenset(each.name for each in found)
        for each in found:
            yield (name, each.name), Place(name, upstream, each.config, names)
