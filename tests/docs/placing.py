"""Parts of a configuration, made whole: by their keys they are of the file, an upstream or a route.

What a part needs and does not say is added: the URL of an upstream, a store that is named, and a
certificate where a listener has TLS.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from sidecar.config import Config, Route, Upstream
from sidecar.loader.shape import members

URL = "https://upstream.test"
NAME = "example"


def placed_keys(keys: Iterable[str]) -> tuple[str, ...] | None:
    """Where keys belong: () the file, ("upstream",) or ("route",); None where they do nowhere."""
    found = set(keys)
    if found <= set(members(Config)):
        return ()
    if found <= set(members(Upstream)):
        return ("upstream",)
    if found <= set(members(Route)):
        return ("route",)
    return None


def whole(text: str) -> str:
    """A configuration with a part in its place; one that is whole already stays as it is."""
    tree: dict[str, Any] = yaml.safe_load(text)
    place = placed_keys(tree)
    if place is None:
        raise ValueError(f"keys of nothing: {', '.join(tree)}")
    if place == () and _is_whole(tree):
        return text
    if place == ("upstream",):
        tree = {"upstreams": {NAME: tree}}
    elif place == ("route",):
        tree = {"upstreams": {NAME: {"routes": [{"name": "route", **tree}]}}}
    return yaml.safe_dump(_completed(tree), sort_keys=False, allow_unicode=True)


def _is_whole(tree: Mapping[str, Any]) -> bool:
    upstreams = tree.get("upstreams") or {}
    return bool(upstreams) and all("url" in each for each in upstreams.values())


def _completed(tree: dict[str, Any]) -> dict[str, Any]:
    upstreams = tree.setdefault("upstreams", {})
    if not upstreams:
        upstreams[NAME] = {}
    for name, upstream in upstreams.items():
        upstream.setdefault("url", f"https://{name}.test")
    queued = any("queue" in each for each in _routes(upstreams))
    if queued:
        tree.setdefault("stores", {}).setdefault("spool", {"kind": "sqlite", "path": "./spool.db"})
    return tree


def _routes(upstreams: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for upstream in upstreams.values():
        yield upstream
        yield from upstream.get("routes") or ()
