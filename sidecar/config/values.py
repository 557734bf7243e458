"""The scalar types of the YAML: durations, sizes, addresses.

They know how a value is written and what it becomes; nothing of what it is used for.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+)(B|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_UNIX = "unix:"


def duration(value: object) -> float:
    """Seconds of `"250ms"`, `"10s"`, `"2m"`, `"24h"`, `"7d"`.

    Raises:
        PydanticCustomError: a number without a unit, or anything else.
    """
    if isinstance(value, float):  # a default, already in seconds
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("duration", 'expected a duration such as "250ms", "10s" or "2m"')
    return float(match[1]) * _SECONDS[match[2]]


def size(value: object) -> int:
    """Bytes of `"64KiB"`, `"1MiB"`, `"512B"`.

    Raises:
        PydanticCustomError: a number without a unit, or anything else.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value  # a default, already in bytes
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("size", 'expected a size such as "64KiB" or "1MiB"')
    return int(match[1]) * _BYTES[match[2]]


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
        host, colon, port = value.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if bracketed else host
        plain = host and (":" not in host or bracketed)
        if colon and plain and port.isdecimal() and int(port) <= 65535:
            return Address(host=host, port=int(port))
    raise PydanticCustomError(
        "address", 'expected "host:port", "[v6]:port" or "unix:/path/to.sock"'
    )


Duration = Annotated[
    float,
    BeforeValidator(duration),
    WithJsonSchema({"type": "string", "pattern": rf"^{_DURATION.pattern}$"}),
]
Size = Annotated[
    int,
    BeforeValidator(size),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SIZE.pattern}$"}),
]
ListenAddress = Annotated[
    Address,
    BeforeValidator(address),
    WithJsonSchema({"type": "string", "pattern": r"^(unix:.+|.+:\d+)$"}),
]
