"""The configuration as a tree in which every value knows where it comes from.

Knows neither YAML nor the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a place in a file, and what stood between, if anything did."""

    source: str = ""
    """`default`, `preset NAME`, `env NAME`, `file PATH`; empty for a value that is written."""
    file: str = ""
    line: int = 0
    column: int = 0
    """Both count from 1; 0 when there is no place."""

    @property
    def place(self) -> str:
        """`file:line:col`, or what is nearest to it."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file or self.source

    def __str__(self) -> str:
        if not self.source:
            return self.place
        return f"{self.source} ({self.place})" if self.file else self.source


DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value."""

    value: Scalar
    origin: Origin
    broken: bool = False
    """A problem was reported for it already; what follows from that is not worth another."""


@dataclass(slots=True)
class Entry:
    """One key of a table and what it holds."""

    key: Origin
    node: "Node"


@dataclass(slots=True)
class Table:
    """Values by key."""

    origin: Origin
    entries: dict[str, Entry] = field(default_factory=dict)

    def get(self, *path: str) -> "Node | None":
        """What stands under a chain of keys; None where there is nothing."""
        node: Node | None = self
        for key in path:
            entry = node.entries.get(key) if isinstance(node, Table) else None
            node = entry.node if entry else None
        return node

    def tables(self, *path: str) -> "Iterator[tuple[str, Entry, Table]]":
        """The tables within the table at `path`, with their keys."""
        node = self.get(*path)
        for key, entry in list(node.entries.items()) if isinstance(node, Table) else ():
            if isinstance(entry.node, Table):
                yield key, entry, entry.node

    def has(self, *path: str) -> bool:
        """Whether anything but `null` stands under a chain of keys."""
        node = self.get(*path)
        return node is not None and (
            not isinstance(node, Leaf) or node.broken or node.value is not None
        )

    def leaf(self, *path: str) -> Leaf | None:
        """The single value under a chain of keys that is set and not broken; else None."""
        node = self.get(*path)
        usable = isinstance(node, Leaf) and not node.broken and node.value is not None
        return node if usable and isinstance(node, Leaf) else None


@dataclass(slots=True)
class Listing:
    """Values in order."""

    origin: Origin
    items: "list[Node]" = field(default_factory=list)

    def tables(self) -> "Iterator[tuple[int, Table]]":
        """The tables among its items, with their positions."""
        for index, item in enumerate(self.items):
            if isinstance(item, Table):
                yield index, item


Node: TypeAlias = Leaf | Table | Listing


def plain(node: Node) -> object:
    """The same as plain dictionaries, lists and scalars."""
    if isinstance(node, Table):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return node.value


def merge(base: Node, over: Node) -> Node:
    """`over` with what only `base` has, table by table; anything else is replaced whole."""
    if not isinstance(base, Table) or not isinstance(over, Table):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        under = entries.get(key)
        entries[key] = Entry(entry.key, merge(under.node, entry.node)) if under else entry
    return Table(over.origin, entries)


def find(root: Node, path: Path) -> tuple[Node, Origin, bool]:
    """The node at `path`, or its nearest ancestor that exists.

    Returns:
        that node, the place of its key (its own, when it has none), and whether it is at `path`.
    """
    node, key = root, root.origin
    for step in path:
        if isinstance(node, Table) and step in node.entries:
            entry = node.entries[str(step)]
            node, key = entry.node, entry.key
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            key = node.origin
        else:
            return node, key, False
    return node, key, True
