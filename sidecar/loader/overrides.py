"""`SIDECAR__UPSTREAMS__SUPABASE__URL=…`: single settings from the environment.

A name is the path of the setting, in capitals, joined by two underscores. Upstreams and routes
are named as in the file, with `_` for `-`; they cannot be created this way.
"""

from collections.abc import Iterable, Mapping

from sidecar.config.written import dotted
from sidecar.loader.problems import Problem, nearest
from sidecar.loader.shape import Kind, kind_at, members
from sidecar.loader.tree import Entry, Leaf, Listing, Node, Origin, Path, Table

PREFIX = "SIDECAR__"


class _Unknown(Exception):
    """A variable names no setting."""

    def __init__(self, path: Path, message: str, word: str = "", known: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.suggestion = nearest(word, known) if word else None


def apply_overrides(root: Table, env: Mapping[str, str], *, presets: bool) -> list[Problem]:
    """Set in `root` what the environment overrides.

    Args:
        root: the tree; changed in place.
        env: the environment.
        presets: True for the choice of presets only, False for everything else.

    Returns:
        one problem for each variable that names no setting.
    """
    problems = []
    for variable in sorted(env):
        if not variable.startswith(PREFIX):
            continue
        steps = variable[len(PREFIX) :].lower().split("__")
        if (steps[0] == "upstreams" and steps[2:] == ["preset"]) is not presets:
            continue
        origin = Origin(f"env {variable}")
        try:
            _set(root, steps, env[variable], origin)
        except _Unknown as error:
            problem = Problem(origin, error.path, str(error), error.suggestion)
            problems.append(problem)
    return problems


def _set(root: Table, steps: list[str], text: str, origin: Origin) -> None:
    node: Node = root
    path: Path = ()
    for step in steps[:-1]:
        node, path = _descend(node, path, step, origin)
    assert isinstance(node, (Table, Listing))
    kind = kind_at(path, "section")
    if kind is None or not isinstance(node, Table):
        raise _Unknown(path, "is no single setting: set it in the file")
    path = _member(kind, path, steps[-1])
    single = kind_at(path, "scalar", "list")
    node.entries[str(path[-1])] = Entry(origin, _value(single, path, text, origin))


def _value(kind: Kind | None, path: Path, text: str, origin: Origin) -> Node:
    if kind and kind.form == "list" and kind_at((*path, 0)) == Kind("scalar", kind.hint):
        return Listing(origin, [Leaf(item.strip(), origin) for item in text.split(",")])
    if kind is None or kind.form != "scalar":
        raise _Unknown(path, "is no single setting: set it in the file")
    return Leaf(text, origin)


def _member(kind: Kind, path: Path, step: str) -> Path:
    known = members(kind.hint)
    if step not in known:
        raise _Unknown((*path, step), "unknown key", step, known)
    return (*path, step)


def _descend(node: Node, path: Path, step: str, origin: Origin) -> tuple[Node, Path]:
    """The table or list under `step`, made where it may be; with its path."""
    kind = kind_at(path, "section")
    if kind and isinstance(node, Table):
        path = _member(kind, path, step)
        entry = node.entries.get(step)
        if entry is None or (isinstance(entry.node, Leaf) and entry.node.value is None):
            entry = node.entries[step] = Entry(origin, Table(origin))
        return _structured(entry.node, path), path
    found = _by_name(node, step)
    if not found:
        message = f"there is no such name under {dotted(path)}" if path else "unknown key"
        raise _Unknown((*path, step), message, step, _names(node))
    return _structured(found[1], (*path, found[0])), (*path, found[0])


def _structured(node: Node, path: Path) -> Node:
    if isinstance(node, Leaf):
        raise _Unknown(path, "is a single setting and has no keys")
    return node


def _by_name(node: Node, step: str) -> tuple[str | int, Node] | None:
    """An upstream or a route by its name, in which `_` stands for `-`."""
    if isinstance(node, Table):
        for key, entry in node.entries.items():
            if key.replace("-", "_") == step.replace("-", "_"):
                return key, entry.node
    elif isinstance(node, Listing):
        for index, item in node.tables():
            name = item.leaf("name")
            if name and str(name.value).replace("-", "_") == step.replace("-", "_"):
                return index, item
    return None


def _names(node: Node) -> list[str]:
    if isinstance(node, Table):
        return list(node.entries)
    routes = node.tables() if isinstance(node, Listing) else ()
    return [str(name.value) for _, route in routes if (name := route.leaf("name"))]
