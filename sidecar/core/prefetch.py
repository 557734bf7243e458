"""Decides which calls are made ahead when a route is called or was answered, and with which fields.

A value never adds a segment to a path, or a parameter to a query, whatever is in it: it is encoded,
or there is no call. Pure.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from sidecar.config.prefetch_target import Piece, pieces
from sidecar.core.headers import is_instruction
from sidecar.core.json_path import Json, Path, field, path_of
from sidecar.exchange import RawHeaders, Request

_LONGEST_VALUE = 256
_LONGEST_TARGET = 4096
_MOST_ROWS = 1000
"""Rows of an answer that are looked at."""
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_SEPARATOR = re.compile(rb"[/\\]")
"""What some servers take for the end of a segment even where it is percent-encoded."""
_PLAIN_IN_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+")
_PLAIN_IN_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$'()*,:@/?+-]|%[0-9A-Fa-f]{2})+")
"""What cannot end a segment or a value: `;` does for some servers."""
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)

_OF_THE_CALL = frozenset(
    (
        *(b"range", b"range-unit", b"prefer", b"cache-control", b"pragma"),
        *(b"content-length", b"content-encoding"),
        *(b"idempotency-key", b"x-server-timeout"),
        *(b"x-retry-count", b"x-stainless-retry-count"),
    )
)
"""Fields that are about this one call; see `headers_ahead`."""


class Part(NamedTuple):
    """One part of a target."""

    kind: Literal["text", "parameter", "query", "json"]
    text: str
    path: Path
    """In the JSON answer, or in a row of it."""
    in_query: bool


class Template(NamedTuple):
    """A target with places to fill in."""

    text: str
    parts: tuple[Part, ...]
    rows: Path | None
    """Where the list is whose rows it is filled with; None where it is filled once."""

    @property
    def needs_answer(self) -> bool:
        """Whether it can be filled only when the answer is known."""
        return any(part.kind == "json" for part in self.parts)


class Plan(NamedTuple):
    """One entry of a route's `prefetch`."""

    template: Template
    most: int
    """The most calls that one answer leads to."""


def parse(target: str) -> Template:
    """The template of a target as it is written.

    Raises:
        ValueError: it cannot be understood; see `config.prefetch_target.pieces`.
    """
    parts: list[Part] = []
    rows: Path | None = None
    in_query = False
    for piece in pieces(target):
        parts.append(_part(piece, in_query=in_query))
        in_query = in_query or (piece.kind == "text" and "?" in piece.text)
        if piece.rows is not None:
            rows = _path(piece.rows)
    return Template(target, tuple(parts), rows)


def _part(piece: Piece, *, in_query: bool) -> Part:
    path = _path(piece.text) if piece.kind == "json" else ()
    return Part(piece.kind, piece.text, path, in_query)


def _path(text: str) -> Path:
    return path_of("$" + text) if text else ()


def targets(
    plan: Plan, request: Request, params: Mapping[str, str], answer: Json = None
) -> tuple[str, ...]:
    """What to call: targets at the same upstream, without duplicates and without this call's own.

    Never raises. A value that is missing, empty, long, or neither a text nor a whole number leads
    to no call.

    Args:
        plan: what is configured.
        request: the call that others follow.
        params: the named parts of its path, as they are in the path.
        answer: the JSON value that it was answered with, where that is needed.
    """
    template, most = plan
    query = _query(request.target)
    found: dict[str, None] = {}
    for row in _rows(template, answer):
        target = _fill(template, params, query, row)
        if target is not None and target != request.target:
            found[target] = None
            if len(found) >= most:
                break
    return tuple(found)


def all_targets(
    plans: Iterable[Plan], request: Request, params: Mapping[str, str], answer: Json = None
) -> tuple[str, ...]:
    """The targets of several plans, each once."""
    return tuple(
        dict.fromkeys(target for plan in plans for target in targets(plan, request, params, answer))
    )


def _rows(template: Template, answer: Json) -> list[Json]:
    if template.rows is None:
        return [answer]
    rows = field(answer, *template.rows)
    return rows[:_MOST_ROWS] if isinstance(rows, list) else []


def _query(target: str) -> dict[str, str]:
    """The values in a query as they are there; of a name that is given twice, the first."""
    found: dict[str, str] = {}
    for pair in target.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        found.setdefault(name, value)
    return found


def _fill(
    template: Template, params: Mapping[str, str], query: Mapping[str, str], row: Json
) -> str | None:
    texts: list[str] = []
    for part in template.parts:
        text = part.text if part.kind == "text" else _value(part, params, query, row)
        if text is None:
            return None
        texts.append(text)
    target = "".join(texts)
    path = target.partition("?")[0]
    if len(target) > _LONGEST_TARGET or any(map(_DOTS.fullmatch, path.split("/"))):
        return None
    return target


def _value(
    part: Part, params: Mapping[str, str], query: Mapping[str, str], row: Json
) -> str | None:
    if part.kind == "json":
        value = field(row, *part.path)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        text = str(value)
        return _encoded(part, text.encode()) if text.isprintable() else None
    raw = (params if part.kind == "parameter" else query).get(part.text)
    return None if raw is None else _carried(part, raw)


def _carried(part: Part, raw: str) -> str | None:
    """A value of the request's own target: byte for byte where it goes to the same kind of place.

    So that what is fetched ahead is stored under the key of the call that the client will make.
    """
    data = raw.encode("utf-8", "surrogateescape")
    if part.kind == "query":
        data = data.replace(b"+", b" ")
    encoded = _encoded(part, unquote_to_bytes(data))
    if encoded is not None and part.in_query == (part.kind == "query"):
        plain = _PLAIN_IN_QUERY if part.in_query else _PLAIN_IN_PATH
        return raw if plain.fullmatch(raw) else encoded
    return encoded


def _encoded(part: Part, data: bytes) -> str | None:
    """Everything but unreserved characters as %XX (RFC 3986 §2.3), as the SDKs do."""
    if not 0 < len(data) <= _LONGEST_VALUE or _CONTROL.search(data):
        return None
    if not part.in_query and _SEPARATOR.search(data):
        return None
    return quote(data, safe="")


def headers_ahead(headers: RawHeaders) -> RawHeaders:
    """The fields that the same client would send with a GET of another resource.

    Who asks, for what and how the answer may be coded stays, and so does all that is unknown.
    Out go conditions and ranges, which are about this resource; `Prefer`, which in PostgREST asks
    for the count of these rows; what says how this one call is to be treated (`Cache-Control`,
    `X-Retry-Count` and its like, `X-Server-Timeout`, an idempotency key, fields for the sidecar
    itself); and the length of a body.
    """
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in _OF_THE_CALL
        and name[:3].lower() != b"if-"
        and not is_instruction(name)
    ]


class Recent:
    """Which calls led to prefetches lately; bounded.

    Args:
        seconds: how long it is until a call leads to them again.
        most: how many calls are remembered; the oldest go first.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._since: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._since)

    def is_due(self, key: str, now: float) -> bool:
        """Whether it is time again for this call; if so, it is noted."""
        since = self._since.get(key)
        if since is not None and now - since < self._seconds:
            return False
        self._since[key] = now
        self._since.move_to_end(key)
        if len(self._since) > self._most:
            self._since.popitem(last=False)
        return True
