"""Decides by what calls belong together: for a breaker, a pace, an order of delivery.

A template is written in the configuration: parts joined by `+`. Values that may name a person or
hold a credential become keyed digests, so that a key can be shown.
"""

import re
from hashlib import blake2b
from typing import Literal, NamedTuple

from sidecar.core.json_path import Path, field, parsed, path_of
from sidecar.exchange import Exchange

_DIGEST = 8
CREDENTIALS = (b"authorization", b"apikey", b"x-goog-api-key")
"""The fields, in lower case, in which the providers look for a key."""
_MOST_JSON = 256 * 1024
"""Bytes of a body that are parsed for a key; a longer one has none."""
_MODEL = "model"
"""The name that APIs in the manner of OpenAI have in the body, where others have it in the path."""
_NAME_OF_MODEL = re.compile(r"(?:models/|tunedModels/)?+([A-Za-z0-9._:/@-]{1,100})")
"""What is shown as it is, like a part of the path; anything else names no model."""

Kind = Literal["upstream", "route", "parameter", "header", "json", "credential"]


class Part(NamedTuple):
    """One part of a template."""

    kind: Kind
    name: str = ""
    path: Path = ()

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for all calls of a route."""
        return self.kind in ("upstream", "route")


def parse(template: str) -> tuple[Part, ...]:
    """The parts of `upstream+model`, `phone_number_id+$.to`, `header:x-tenant`, `credential`.

    A bare word other than `upstream`, `route` and `credential` is a `{name}` of the route's path;
    `model`, where the path has none, is the body's.

    Raises:
        ValueError: a part is none of these.
    """
    return tuple(_part(text.strip()) for text in template.split("+"))


def _part(text: str) -> Part:
    if text in ("upstream", "route", "credential"):
        return Part(text)  # type: ignore[arg-type]
    if text.startswith("$"):
        return Part("json", text, path_of(text))
    if text.startswith("header:") and re.fullmatch(r"[A-Za-z0-9-]+", text[7:]):
        return Part("header", text[7:].lower())
    if re.fullmatch(r"[a-z][a-z0-9_]*", text):
        return Part("parameter", text)
    raise ValueError(
        f"{text!r} is no part of a key: write upstream, route, credential, a {{name}} of the "
        "path, header:NAME or a JSON path such as $.to"
    )


def needs_body(template: str, expression: re.Pattern[str]) -> bool:
    """Whether a key of this template, on a route of this path, may be made of the body."""
    return any(
        part.kind == "json" or (part.kind == "parameter" and _is_of_body(part.name, expression))
        for part in parse(template)
    )


class KeyTemplate:
    """What makes the key of a call, bound to a route.

    Args:
        template: as written; see `parse`.
        expression: the route's compiled path, for its named parts.
        secret: keys the digests, so that they cannot be looked up.
    """

    def __init__(self, template: str, expression: re.Pattern[str], secret: bytes) -> None:
        self.text = template
        self._parts = parse(template)
        self._expression = expression
        self._secret = secret[:64]
        self.constant = all(part.is_constant for part in self._parts)
        """Whether all calls of the route have the same key."""
        self._alone = self._parts == (Part("upstream"),)  # as nearly everywhere

    def __repr__(self) -> str:
        return f"KeyTemplate({self.text!r})"

    def of(self, exchange: Exchange) -> str | None:
        """The key of a call; None where the call lacks one of the parts."""
        values = [self._value(part, exchange) for part in self._parts]
        known = [value for value in values if value is not None]
        return "+".join(known) if len(known) == len(values) else None

    def shortened(self, exchange: Exchange) -> str:
        """The key of a call from those parts that it has, so that it always has one."""
        if self._alone:
            return exchange.upstream
        values = (self._value(part, exchange) for part in self._parts)
        return "+".join(value for value in values if value is not None)

    def _value(self, part: Part, exchange: Exchange) -> str | None:
        match part.kind:
            case "upstream":
                return exchange.upstream
            case "route":
                return exchange.route
            case "parameter":
                return self._parameter(part.name, exchange)
            case "header":
                return self._digest(_header(exchange, part.name.encode()))
            case "json":
                return self._digest(_json(exchange, part.path))
            case "credential":
                found = [_header(exchange, name) or b"" for name in CREDENTIALS]
                return self._digest(b"\0".join(found)) if any(found) else None

    def _parameter(self, name: str, exchange: Exchange) -> str | None:
        if _is_of_body(name, self._expression):
            return model_in_body(exchange)
        path = exchange.request.target.partition("?")[0]
        found = self._expression.fullmatch(path)
        return found.groupdict().get(name) if found else None

    def _digest(self, value: bytes | None) -> str | None:
        if value is None:
            return None
        return blake2b(value, digest_size=_DIGEST, key=self._secret).hexdigest()


def _is_of_body(name: str, expression: re.Pattern[str]) -> bool:
    return name == _MODEL and name not in expression.groupindex


def model_in_body(exchange: Exchange) -> str | None:
    """The model that a JSON body names, without what Google's APIs have before it."""
    kind = _header(exchange, b"content-type") or b""
    if not kind.lower().startswith(b"application/json"):
        return None
    data = _short_body(exchange)
    if data is None or b'"model"' not in data:  # as most; so they cost no parsing
        return None
    value = field(parsed(data), _MODEL)
    found = _NAME_OF_MODEL.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def _header(exchange: Exchange, name: bytes) -> bytes | None:
    for field_name, value in exchange.request.headers:
        if len(field_name) == len(name) and field_name.lower() == name:
            return value
    return None


def _short_body(exchange: Exchange) -> bytes | None:
    body = exchange.request.body
    data = body.known() if body is not None else None
    return None if data is None or len(data) > _MOST_JSON else data


def _json(exchange: Exchange, path: Path) -> bytes | None:
    data = _short_body(exchange)
    if data is None:
        return None
    value = field(parsed(data), *path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).encode("utf-8", "surrogatepass")  # JSON may have half of a pair
