"""Reads the environment of the containers in a Compose file, as a map or a list, with merge keys.

https://docs.docker.com/reference/compose-file/services/ (`environment`, `env_file`). What it takes
from elsewhere (`extends`, `include`) is not followed, and said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from sidecar.core.findings.assignment import Assignment, Named, Place, Read, Unclear

MAX_ENTRIES = 5000
MAX_MERGES = 8
_NULL = "tag:yaml.org,2002:null"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _TooMuch(Exception):
    """Aliases make more of it than anybody wrote."""


@dataclass(slots=True)
class _Reader:
    file: str
    assignments: list[Assignment] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)
    files: list[Named] = field(default_factory=list)
    entries: int = 0

    def read(self, root: yaml.Node) -> None:
        """Take what all containers are given."""
        for key, node in self._fields(root):
            if key.value == "include":
                self._refuse(key, "include is not followed: name that file with --from")
            if key.value == "services":
                for _, container in self._fields(node):
                    self._container(container)

    def _container(self, node: yaml.Node) -> None:
        for key, value in self._fields(node):
            if key.value == "environment":
                self._environment(value)
            elif key.value == "env_file":
                self._files(value)
            elif key.value == "extends":
                self._refuse(key, "extends is not followed: name that file with --from")

    def _environment(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in self._fields(node):
                known = isinstance(value, yaml.ScalarNode) and value.tag != _NULL
                self._assign(key.value, value.value if known else None, key)
        elif isinstance(node, yaml.SequenceNode):
            for item in self._items(node):
                if isinstance(item, yaml.ScalarNode):
                    name, equals, text = item.value.partition("=")
                    self._assign(name, text if equals else None, item)
                else:
                    self._refuse(item, "is no NAME=value")
        elif node.tag != _NULL:
            self._refuse(node, "environment is neither a map nor a list")

    def _assign(self, name: str, text: str | None, node: yaml.Node) -> None:
        literal = text is not None and "$$" in text  # a `$`, which no URL of an upstream has
        self.assignments.append(Assignment(name, text, self._place(node), literal))

    def _files(self, node: yaml.Node) -> None:
        for item in self._items(node) if isinstance(node, yaml.SequenceNode) else [node]:
            place = self._place(item)
            if isinstance(item, yaml.ScalarNode):
                self.files.append(Named(item.value, required=True, place=place))
                continue
            fields = {key.value: value.value for key, value in self._fields(item)}
            if isinstance(path := fields.get("path"), str):
                required = fields.get("required") != "false"
                self.files.append(Named(path, required=required, place=place))
            else:
                self._refuse(item, "env_file names no file")

    def _fields(
        self, node: yaml.Node, merges: int = 0
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """Keys and values; those of merge keys first, because the node's own override them."""
        if not isinstance(node, yaml.MappingNode):
            return
        merged = [value for key, value in node.value if key.value == "<<"]
        for value in merged if merges < MAX_MERGES else ():
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                yield from self._fields(source, merges + 1)
        for key, value in node.value:
            self._count()
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                yield key, value

    def _items(self, node: yaml.SequenceNode) -> Iterator[yaml.Node]:
        for item in node.value:
            self._count()
            yield item

    def _count(self) -> None:
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise _TooMuch

    def _place(self, node: yaml.Node) -> Place:
        return Place(self.file, node.start_mark.line + 1 if node.start_mark else 0)

    def _refuse(self, node: yaml.Node, message: str) -> None:
        self.unclear.append(Unclear(self._place(node), message))


def read(text: str, file: str) -> Read:
    """What the containers of a Compose file are given, in the order of the file."""
    reader = _Reader(file)
    try:
        root = yaml.compose(text, Loader=_LOADER)
        if root is not None:
            reader.read(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file, mark.line + 1 if mark else 0)
        reader.unclear.append(Unclear(place, "not valid YAML"))
    except RecursionError:
        reader.unclear.append(Unclear(Place(file, 0), "nested too deep"))
    except _TooMuch:
        message = f"more than {MAX_ENTRIES} entries: the rest was not read"
        reader.unclear.append(Unclear(Place(file, 0), message))
    return Read(tuple(reader.assignments), tuple(reader.unclear), tuple(reader.files))
