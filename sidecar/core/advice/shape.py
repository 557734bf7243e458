"""Decides what calls have in common: the same resource, chosen and ordered by the same columns.

No value of a request is in a shape: operands are dropped, and what may be an id in a path becomes
`{id}`. Pure. Source of the notation of filters: docs.postgrest.org, "Tables and Views".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NamedTuple

from sidecar.core.cache.tables import parameters, target_of
from sidecar.exchange import Request

ID = "{id}"
"""What stands for a segment of a path that tells one resource from another."""

Kind = Literal["equal", "range", "contains", "search", "pattern"]
"""How a filter compares, and so which index helps."""

_NO_FILTERS = frozenset(
    ("select", "order", "limit", "offset", "columns", "on_conflict", "and", "or", "not")
)
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("eq", "in", "is", "isdistinct", "*"), "equal"),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), "range"),
    **dict.fromkeys(("cs", "cd", "ov"), "contains"),
    **dict.fromkeys(("fts", "plfts", "phfts", "wfts"), "search"),
    **dict.fromkeys(("like", "ilike", "match", "imatch"), "pattern"),
}
_SHOWN: dict[Kind, str] = {
    "equal": "eq",
    "range": "gt|lt",
    "contains": "cs",
    "search": "fts",
    "pattern": "like",
}
_COLUMN = re.compile(r"[A-Za-z_]\w{0,62}", re.ASCII)
_WORD = re.compile(r"(?:v\d+(?:beta|alpha)?\d*(?:\.\d+)?|[A-Za-z_][A-Za-z_.:-]{0,39})", re.ASCII)
_MODEL = re.compile(r"[a-z]+(?:-[a-z0-9.]{1,8}){1,5}(?::[A-Za-z]+)?")
"""Names such as `gemini-2.5-flash:generateContent`, which are not of one resource."""
_MOST_COLUMNS = 8
_MOST_SEGMENTS = 12
_MOST_KNOWN = 2048


class Filter(NamedTuple):
    """One column that rows are chosen by."""

    column: str
    kind: Kind


class Order(NamedTuple):
    """One column that rows are ordered by."""

    column: str
    direction: Literal["asc", "desc"] = "asc"
    nulls: Literal["", "first", "last"] = ""


class Shape(NamedTuple):
    """What calls have in common."""

    method: str
    path: str
    """With `{id}` for what differs from resource to resource."""
    table: str = ""
    """Of PostgREST, with its schema where that is not `public`; "" for everything else."""
    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    partly: bool = False
    """Whether there are filters that were not understood, such as `or=(…)`."""

    @property
    def text(self) -> str:
        """For people: `GET /rest/v1/messages?conversation_id=eq&order=timestamp.desc`."""
        query = [f"{each.column}={_SHOWN[each.kind]}" for each in self.filters]
        query += ["or=…"] if self.partly else []
        if self.order:
            query.append("order=" + ",".join(f"{o.column}.{o.direction}" for o in self.order))
        return f"{self.method} {self.path}" + ("?" + "&".join(query) if query else "")

    def columns(self, kind: Kind) -> tuple[str, ...]:
        """Those that are compared so."""
        return tuple(each.column for each in self.filters if each.kind == kind)


_HAS_TABLES = "/rest/v1/"
_PAGED = ("offset", "limit")


class Skimmed(NamedTuple):
    """A target taken apart, as far as is needed of every call."""

    skeleton: tuple[str, ...]
    """It without its operands: what has the same has the same shape."""
    operands: tuple[tuple[str, str], ...] = ()
    """Columns that are compared for equality, and with what, as it is written. Never shown."""
    offset: int = 0
    """Rows that are passed over; 0 where it is not said."""


def skim(target: str) -> Skimmed:
    """Take a target apart, quickly."""
    path, _, query = target.partition("?")
    if not query or not path.startswith(_HAS_TABLES):
        return Skimmed((path,))
    skeleton, operands, passed = [path], [], 0
    for pair in query.split("&"):
        name, _, condition = pair.partition("=")
        operator, dot, operand = condition.partition(".")
        if dot and operator in _KINDS:
            skeleton.append(name + "=" + operator)
            if _KINDS[operator] == "equal":
                operands.append((name, operand))
        elif name in _PAGED:  # no part of a shape, nor of its skeleton
            if name == "offset" and condition.isascii() and condition.isdigit():
                passed = int(condition[:11])
        else:
            skeleton.append(pair)
    return Skimmed(tuple(skeleton), tuple(operands[:_MOST_COLUMNS]), passed)


class Shapes:
    """Finds the shapes of requests; those of tables are remembered.

    Args:
        is_secret: whether a text looks like a credential, and so is no name.
    """

    def __init__(self, is_secret: Callable[[str], bool]) -> None:
        self._is_secret = is_secret
        self._known: dict[int, Shape] = {}
        """By a digest: a skeleton may hold what is nobody's business."""

    def __repr__(self) -> str:
        return f"<Shapes {len(self._known)} known>"

    def of(self, request: Request, skimmed: Skimmed, schema: str = "") -> Shape:
        """The shape of a request; `schema` is all that its headers say about that."""
        if not request.target.startswith(_HAS_TABLES):
            return shape_of(request, self._is_secret)
        key = hash((request.method, schema, skimmed.skeleton))
        shape = self._known.get(key)
        if shape is None:
            shape = shape_of(request, self._is_secret)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = shape
        return shape


def shape_of(request: Request, is_secret: Callable[[str], bool]) -> Shape:
    """The shape of a request that is seen for the first time."""
    named = target_of(request)
    method = request.method if request.method.isalpha() and len(request.method) < 8 else "other"
    template = path_template(request.target.partition("?")[0], is_secret)
    table = named.name if named is not None and not named.is_function else ""
    if not _is_name(table, is_secret):
        return Shape(method, template)
    query = parameters(request)
    filters, partly = _filters(query, is_secret)
    return Shape(method, template, table, filters, _order(query, is_secret), partly)


def path_template(path: str, is_secret: Callable[[str], bool]) -> str:
    """The path, `{id}` in place of every segment that is no plain word."""
    parts = path.split("/", _MOST_SEGMENTS + 1)
    shown = [_segment(part, is_secret) for part in parts[: _MOST_SEGMENTS + 1]]
    return "/".join(shown + ["…"] * (len(parts) > _MOST_SEGMENTS + 1))


@lru_cache(maxsize=1024)
def _segment(part: str, is_secret: Callable[[str], bool]) -> str:
    plain = not part or _WORD.fullmatch(part) or (len(part) < 64 and _MODEL.fullmatch(part))
    return part if plain and not any(map(is_secret, part.split(":"))) else ID


def _is_name(table: str, is_secret: Callable[[str], bool]) -> bool:
    names = table.split("/")
    return len(names) <= 2 and all(_COLUMN.fullmatch(n) and not is_secret(n) for n in names)


def _filters(
    query: list[tuple[str, str]], is_secret: Callable[[str], bool]
) -> tuple[tuple[Filter, ...], bool]:
    """Sorted, so that the order in which they are written makes no difference."""
    found: set[Filter] = set()
    partly = False
    for name, condition in query:
        if name in _NO_FILTERS:
            partly = partly or name in ("and", "or", "not")
            continue
        kind = _KINDS.get(condition.partition(".")[0].partition("(")[0])
        if kind is None or not _COLUMN.fullmatch(name) or is_secret(name):
            partly = True
        elif len(found) < _MOST_COLUMNS:
            found.add(Filter(name, kind))
    return tuple(sorted(found)), partly


def _order(query: list[tuple[str, str]], is_secret: Callable[[str], bool]) -> tuple[Order, ...]:
    """Of the rows themselves; an order of what is embedded has a name with a dot."""
    found: list[Order] = []
    for term in next((value for name, value in query if name == "order"), "").split(","):
        column, *words = term.strip().split(".")
        if not _COLUMN.fullmatch(column) or is_secret(column) or len(found) >= _MOST_COLUMNS:
            break  # what follows decides among equals only
        first, last = "nullsfirst" in words, "nullslast" in words
        found.append(
            Order(
                column,
                "desc" if "desc" in words else "asc",
                "first" if first else "last" if last else "",
            )
        )
    return tuple(found)
