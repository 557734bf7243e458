"""Where each value of a finished configuration comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from sidecar.config import Config
from sidecar.config.written import is_section
from sidecar.loader.tree import DEFAULT, Listing, Node, Origin, Path, Table


def trace(config: Config, root: Table) -> Mapping[Path, Origin]:
    """The origin of every single value, and of every list as a whole."""
    return dict(_walk(config, root, ()))


def _walk(value: object, node: Node | None, path: Path) -> Iterator[tuple[Path, Origin]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, _child(node, str(key)), (*path, key))
    elif isinstance(value, tuple):
        yield path, node.origin if node else DEFAULT
        for index, item in enumerate(value):
            below = node.items[index] if isinstance(node, Listing) else node
            yield from _walk(item, below, (*path, index))
    elif is_section(value):
        for each in fields(value):
            below = _child(node, each.name)
            yield from _walk(getattr(value, each.name), below, (*path, each.name))
    else:
        yield path, node.origin if node else DEFAULT


def _child(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Table) else None
