"""`${NAME}`, `${NAME:-default}` and `${file:/path}` in values; `$${` is a literal `${`.

Done after parsing, value by value: what is brought in is never read as YAML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from sidecar.loader.problems import Problem
from sidecar.loader.tree import Entry, Leaf, Listing, Node, Path, Table

MAX_FILE = 64 * 1024

_REFERENCE = re.compile(
    r"(?P<literal>\$\$\{)"
    r"|\$\{file:(?P<file>[^${}]+)\}"
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^${}]*))?\}"
    r"|(?P<broken>\$\{)"
)
_FORMS = "write ${NAME}, ${NAME:-default} or ${file:/path}; $${ is a literal ${"


class _Unresolved(Exception):
    """A reference cannot be replaced; the message says why."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(slots=True)
class Substitution:
    """Replaces references throughout a tree.

    Args:
        env: the environment.
        base: the folder that relative `${file:…}` paths start from.
    """

    env: Mapping[str, str]
    base: FilePath
    problems: list[Problem] = field(default_factory=list)
    files: list[FilePath] = field(default_factory=list)
    """Those that were named, also in vain."""

    def apply(self, node: Node, path: Path = ()) -> Node:
        """The tree with every reference replaced, and `problems` extended."""
        if isinstance(node, Table):
            entries = {
                key: Entry(entry.key, self.apply(entry.node, (*path, key)))
                for key, entry in node.entries.items()
            }
            return Table(node.origin, entries)
        if isinstance(node, Listing):
            items = [self.apply(item, (*path, index)) for index, item in enumerate(node.items)]
            return Listing(node.origin, items)
        return self._leaf(node, path)

    def _leaf(self, leaf: Leaf, path: Path) -> Leaf:
        text = leaf.value
        if leaf.broken or not isinstance(text, str) or "${" not in text:
            return leaf
        sources: list[str] = []
        failures: list[_Unresolved] = []

        def resolved(found: re.Match[str]) -> str:
            try:
                return self._replacement(found, sources)
            except _Unresolved as failure:
                failures.append(failure)
                return ""

        value = _REFERENCE.sub(resolved, text)
        for failure in failures:
            self.problems.append(Problem(leaf.origin, path, str(failure), failure.suggestion))
        origin = replace(leaf.origin, source=", ".join(dict.fromkeys(sources)))
        return Leaf(value, origin, broken=bool(failures))

    def _replacement(self, found: re.Match[str], sources: list[str]) -> str:
        if found["literal"]:
            return "${"
        if found["broken"]:
            raise _Unresolved(f"a reference that cannot be read: {_FORMS}")
        if found["file"]:
            sources.append(f"file {found['file']}")
            return self._content(found["file"])
        return self._variable(found["name"], found["default"], sources)

    def _variable(self, name: str, default: str | None, sources: list[str]) -> str:
        value = self.env.get(name)
        if value or (value is not None and default is None):
            sources.append(f"env {name}")
            return value
        if default is None:
            from difflib import get_close_matches  # only who has a name wrong waits for it

            suggestion = next(iter(get_close_matches(name, self.env, 1, 0.8)), None)
            raise _Unresolved(f"the variable {name} is not set", suggestion)
        return default

    def _content(self, name: str) -> str:
        path = self.base / name
        self.files.append(path)
        try:
            if not path.is_file():
                kind = "is no regular file" if path.exists() else "does not exist"
                raise _Unresolved(f"the file {name} {kind}")
            with path.open("rb") as source:
                data = source.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise _Unresolved(f"the file {name} cannot be read: {reason}") from None
        if len(data) > MAX_FILE:
            raise _Unresolved(f"the file {name} is larger than {MAX_FILE} bytes")
        try:
            return data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise _Unresolved(f"the file {name} is not UTF-8") from None
