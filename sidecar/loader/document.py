"""YAML text → tree with places. What YAML allows and no reader expects is refused.

Works on parser events, iteratively, so that neither depth nor aliases can exhaust anything.
Knows nothing of what the keys mean.
"""

import re
from dataclasses import dataclass, field

import yaml

from sidecar.loader.problems import ConfigErrors, Problem
from sidecar.loader.scalars import Surprise, resolve
from sidecar.loader.tree import Entry, Leaf, Listing, Node, Origin, Path, Scalar, Table

MAX_CHARACTERS = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 30
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_TOO_DEEP = f"nested over {MAX_DEPTH} deep"

_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAB = re.compile(r"^ *\t", re.MULTILINE)
_NO_ANCHORS = "anchors and aliases are not supported: write the value out where it is used"


class _Unreadable(Exception):
    """There is no tree: the text is not YAML, or too large."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class _Key:
    origin: Origin
    name: str | None
    """None: the key was refused, and so is what it holds."""


@dataclass(slots=True)
class _Frame:
    """A table or list whose end has not come yet."""

    node: Table | Listing
    path: Path
    key: _Key | None = None
    is_key: bool = False
    """The whole node stands where a key should be."""


@dataclass(slots=True)
class _Builder:
    file: str
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    root: Node | None = None
    nodes: int = 0

    def feed(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.NodeEvent):
            self._count(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            message = "a second document begins here: one file is one configuration"
            raise _Unreadable(Problem(self._origin(event), (), message))

    def _origin(self, event: yaml.Event) -> Origin:
        mark = event.start_mark
        assert mark is not None
        return Origin("", self.file, mark.line + 1, mark.column + 1)

    def _count(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Unreadable(Problem(self._origin(event), (), f"more than {MAX_NODES} values"))
        if len(self.stack) > MAX_DEPTH:
            raise _Unreadable(Problem(self._origin(event), (), _TOO_DEEP))

    def _report(self, event: yaml.Event, message: str) -> None:
        self.problems.append(Problem(self._origin(event), self._path(), message))

    def _path(self) -> Path:
        """The path of the node that comes next."""
        if not self.stack:
            return ()
        frame = self.stack[-1]
        if isinstance(frame.node, Listing):
            return (*frame.path, len(frame.node.items))
        return (*frame.path, frame.key.name) if frame.key and frame.key.name else frame.path

    def _key_expected(self) -> _Frame | None:
        frame = self.stack[-1] if self.stack else None
        return frame if frame and isinstance(frame.node, Table) and frame.key is None else None

    def _decorations(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> bool:
        """Report an anchor and a tag; whether there was one."""
        if event.anchor is not None:
            self._report(event, _NO_ANCHORS)
        if event.tag is not None:
            self._report(event, "tags are not supported: write the plain value")
        return event.anchor is not None or event.tag is not None

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        decorated = self._decorations(event)
        if frame := self._key_expected():
            frame.key = self._new_key(frame, event)
            return
        value: Scalar = event.value
        origin, broken = self._origin(event), decorated
        if not event.style and not decorated:
            try:
                value = resolve(event.value)
            except Surprise as surprise:
                self._report(event, str(surprise))
                broken = True
        self._place(Leaf(value, origin, broken))

    def _new_key(self, frame: _Frame, event: yaml.ScalarEvent) -> _Key:
        origin, name = self._origin(event), str(event.value)
        refused = self._key_refusal(event)
        assert isinstance(frame.node, Table)
        if refused:
            self._report(event, refused)
            return _Key(origin, None)
        if (earlier := frame.node.entries.get(name)) is not None:
            path = (*frame.path, name)
            message = f"duplicate key, first used at line {earlier.key.line}"
            self.problems.append(Problem(origin, path, message))
            return _Key(origin, None)
        return _Key(origin, name)

    def _key_refusal(self, event: yaml.ScalarEvent) -> str | None:
        if event.style:
            return None
        if event.value == "<<":
            return "merge keys are not supported: write the keys out"
        try:
            plain = resolve(event.value)
        except Surprise as surprise:
            return f"as a key: {surprise}"
        if isinstance(plain, str) or _NUMBER.fullmatch(event.value):  # such as a status: `404: 30s`
            return None
        return "a key must be a text: put it in quotes"

    def _alias(self, event: yaml.AliasEvent) -> None:
        self._report(event, _NO_ANCHORS)
        if frame := self._key_expected():
            frame.key = _Key(self._origin(event), None)
        else:
            self._place(Leaf(None, self._origin(event), broken=True))

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        self._decorations(event)
        kind = Table if isinstance(event, yaml.MappingStartEvent) else Listing
        expecting = self._key_expected()
        if expecting:
            self._report(event, "a key must be a text, not a list or a mapping")
        frame = _Frame(kind(self._origin(event)), self._path(), is_key=expecting is not None)
        self.stack.append(frame)

    def _close(self) -> None:
        frame = self.stack.pop()
        if frame.is_key:
            self.stack[-1].key = _Key(frame.node.origin, None)
        else:
            self._place(frame.node)

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if isinstance(frame.node, Listing):
            frame.node.items.append(node)
            return
        key, frame.key = frame.key, None
        if key and key.name is not None:
            frame.node.entries[key.name] = Entry(key.origin, node)


def parse(text: str, file: str) -> tuple[Table, list[Problem]]:
    """The tree of a YAML text, and what is wrong with its notation.

    Raises:
        ConfigErrors: there is no tree at all.
    """
    builder = _Builder(file)
    try:
        _refuse_unreadable(text, file)
        for event in yaml.parse(text, Loader=_Parser):
            builder.feed(event)
        return _root(builder), builder.problems
    except yaml.YAMLError as error:
        problem = _syntax(error, text, file)
    except _Unreadable as error:
        problem = error.problem
    raise ConfigErrors([*builder.problems, problem])


def _root(builder: _Builder) -> Table:
    root = builder.root
    if root is None or (isinstance(root, Leaf) and root.value is None and not root.broken):
        return Table(Origin("", builder.file, 1, 1))
    if not isinstance(root, Table):
        raise _Unreadable(Problem(root.origin, (), "expected keys and values at the top level"))
    return root


def _refuse_unreadable(text: str, file: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise _Unreadable(Problem(Origin("", file), (), f"over {MAX_CHARACTERS} characters"))
    for pattern, message in (
        (_TAB, "a tab in the indentation: indent with spaces"),
        (yaml.reader.Reader.NON_PRINTABLE, "a character that YAML does not allow"),
    ):
        if found := pattern.search(text):
            raise _Unreadable(Problem(_at(text, file, found.end() - 1), (), message))


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = str(getattr(error, "problem", None) or "not valid YAML")
    if "nesting depth" in message:  # PyYAML has a limit of its own, which it may meet first
        message = _TOO_DEEP
    if mark is None:
        return Problem(Origin("", file, 1, 1), (), message)
    place = Origin("", file, mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    near = "".join(lines[max(mark.line - 1, 0) : mark.line + 1])
    hint = "; within { } and [ ], put ${…} in quotes" if "${" in near else ""
    return Problem(place, (), f"not valid YAML: {message}{hint}")


def _at(text: str, file: str, index: int) -> Origin:
    line = text.count("\n", 0, index) + 1
    return Origin("", file, line, index - text.rfind("\n", 0, index))
