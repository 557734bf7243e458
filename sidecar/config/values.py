"""The scalar types of the YAML: durations, sizes, numbers, names, URLs, addresses.

They know how a value is written and what it becomes; nothing of what it is used for.
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

RESERVED = "_sidecar"
"""The prefix under which the sidecar's own pages will always live."""

DEFAULT_ROUTE = "default"
"""The name, in logs and metrics, of what no route of the upstream matches."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MAX_SECONDS = 3650 * 86400.0
_SIZE = re.compile(r"([0-9]{1,15})(B|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_WHOLE = re.compile(r"[-+]?[0-9]{1,15}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_URL = re.compile(r"https?://[^/?#@\s]+(/[^?#\s]*)?")
_LISTENER = re.compile(r"(?:\[(?P<v6>.+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")
_UNIX = "unix:"

DURATION_PATTERN = rf"^{_DURATION.pattern}$"
SIZE_PATTERN = rf"^{_SIZE.pattern}$"


def duration(value: object) -> float:
    """Seconds of `"250ms"`, `"10s"`, `"2m"`, `"24h"`, `"7d"`.

    Raises:
        PydanticCustomError: a number without a unit, more than ten years, or anything else.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", 'expected a duration such as "250ms", "10s" or "2m"')
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _MAX_SECONDS:
        raise PydanticCustomError("duration_range", "longer than ten years")
    return seconds


def timeout(value: object) -> float:
    """Seconds of a duration that is not zero.

    Raises:
        PydanticCustomError: as `duration`; or zero, which elsewhere may mean "never" or "at once".
    """
    seconds = duration(value)
    if seconds == 0:
        raise PydanticCustomError(
            "timeout_zero",
            "zero is not a timeout; for one that hardly ever expires write a long one",
        )
    return seconds


def size(value: object) -> int:
    """Bytes of `"64KiB"`, `"1MiB"`, `"512B"`.

    Raises:
        PydanticCustomError: a number without a unit, or anything else.
    """
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("size", 'expected a size such as "64KiB" or "1MiB"')
    return int(match[1]) * _BYTES[match[2]]


def format_duration(seconds: float) -> str:
    """How `seconds` are written: in the largest unit that gives a whole number."""
    for unit, factor in sorted(_SECONDS.items(), key=lambda item: -item[1]):
        count = seconds / factor
        if count >= 1 and math.isclose(count, round(count), rel_tol=1e-12):
            return f"{round(count)}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def format_size(count: int) -> str:
    """How `count` bytes are written: in the largest unit that gives a whole number."""
    for unit, factor in sorted(_BYTES.items(), key=lambda item: -item[1]):
        if count >= factor and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}B"


def whole(value: object) -> int:
    """The whole number, also of the text that a variable brings.

    Raises:
        PydanticCustomError: anything else, booleans and fractions included.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise PydanticCustomError("whole", "expected a whole number")


def flag(value: object) -> bool:
    """The truth value, also of the text that a variable brings.

    Raises:
        PydanticCustomError: anything but `true` and `false`.
    """
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise PydanticCustomError("flag", "expected true or false")


def text(value: object) -> str:
    """A text that is not empty.

    Raises:
        PydanticCustomError: anything else.
    """
    if isinstance(value, str) and value:
        return value
    raise PydanticCustomError("text", "expected a text; put it in quotes if it looks like a number")


def name(value: object) -> str:
    """The name of an upstream or a route: it becomes part of paths and metrics.

    Raises:
        PydanticCustomError: other characters than a-z, 0-9 and `-`, or reserved.
    """
    if value == RESERVED:
        raise PydanticCustomError(
            "name_reserved", "this name is reserved for the sidecar's own pages"
        )
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise PydanticCustomError(
        "name", "a name consists of a-z, 0-9 and '-', and begins with a letter or a digit"
    )


def url(value: object) -> str:
    """The URL of an upstream.

    Raises:
        PydanticCustomError: another scheme, no host, or credentials, query or fragment in it.
    """
    if isinstance(value, str) and _URL.fullmatch(value) and _has_authority(value):
        return value
    raise PydanticCustomError(
        "url", "expected http(s)://host[:port][/path], without credentials or query"
    )


def _has_authority(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.hostname and parts.netloc.encode("idna") and parts.port != 0)
    except ValueError:  # a port out of range, a broken IPv6 address, a label that is too long
        return False


def host(value: object) -> str:
    """The name in a Host header: lower-cased, without port, and without a dot at its end.

    Raises:
        PydanticCustomError: a URL, a port, a wildcard, or anything else.
    """
    if isinstance(value, str) and re.fullmatch(r"(?!\.)[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", value):
        return value.lower().removesuffix(".")
    raise PydanticCustomError("host", "expected a host name, without scheme, port or wildcard")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a TCP host and port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return _UNIX + self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(value: object) -> Address:
    """The Address of `"127.0.0.1:8080"`, `"[::1]:8080"` or `"unix:/run/sidecar.sock"`.

    Raises:
        PydanticCustomError: anything else.
    """
    if isinstance(value, Address):
        return value
    if isinstance(value, str):
        if value.startswith(_UNIX) and len(value) > len(_UNIX):
            return Address(path=value[len(_UNIX) :])
        match = _LISTENER.fullmatch(value)
        host = match and (match["v6"] or match["host"])
        if match and host and _is_host(host) and int(match["port"]) <= 65535:
            return Address(host=host, port=int(match["port"]))
    raise PydanticCustomError(
        "address", 'expected "host:port", "[v6]:port" or "unix:/path/to.sock"'
    )


def _is_host(text: str) -> bool:
    try:  # a resolver takes no empty label, and none that is too long
        return bool(text.encode("idna"))
    except UnicodeError:
        return False


def one_or_many(value: object) -> object:
    """A list of one for a single text or number, where a list may stand."""
    return [value] if isinstance(value, str | int) else value


_DURATION_SCHEMA = {"type": "string", "pattern": DURATION_PATTERN}

Duration = Annotated[float, BeforeValidator(duration), WithJsonSchema(_DURATION_SCHEMA)]
Timeout = Annotated[float, BeforeValidator(timeout), WithJsonSchema(_DURATION_SCHEMA)]
Size = Annotated[
    int, BeforeValidator(size), WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN})
]
Count = Annotated[int, Field(ge=1, le=10000), BeforeValidator(whole)]
Waiters = Annotated[int, Field(ge=0, le=100_000), BeforeValidator(whole)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(whole)]
Flag = Annotated[bool, BeforeValidator(flag)]
Text = Annotated[str, BeforeValidator(text), WithJsonSchema({"type": "string", "minLength": 1})]
Name = Annotated[
    str, BeforeValidator(name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
]
Url = Annotated[
    str, BeforeValidator(url), WithJsonSchema({"type": "string", "pattern": f"^{_URL.pattern}$"})
]
Host = Annotated[str, BeforeValidator(host), WithJsonSchema({"type": "string", "minLength": 1})]
ListenAddress = Annotated[
    Address,
    BeforeValidator(address),
    WithJsonSchema({"type": "string", "pattern": r"^(unix:.+|.+:[0-9]+)$"}),
]
