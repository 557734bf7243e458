"""How a Redis server is named: its address, and what the keys in it begin with.

An address may hold a password: what is shown of it has none. Knows nothing of what is kept there.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_REDIS_URL = r"^(redis|rediss|unix)://.+$"


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """The address of a Redis server. What is shown of it has neither user, password nor query."""

    secret: str = field(repr=False)
    """The whole of it, for the client only."""

    def __str__(self) -> str:
        parts = urlsplit(self.secret)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"RedisUrl({str(self)!r})"


def redis_url(value: object) -> RedisUrl:
    """The address in `"redis://host:6379/0"`, `"rediss://user:password@host"`, `"unix:///path"`.

    Raises:
        PydanticCustomError: another scheme, no host, or anything else. The value is not repeated.
    """
    if isinstance(value, RedisUrl):
        return value
    if isinstance(value, str) and re.fullmatch(_REDIS_URL, value) and _has_place(value):
        return RedisUrl(value)
    raise PydanticCustomError("url", "expected redis://host[:port][/db], rediss://… or unix:///…")


def _has_place(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_file = parts.scheme == "unix"
        place = parts.path if is_file else parts.hostname
        # A / in a password ends the host too early: what follows is then a path, which is shown.
        is_cut = not is_file and "@" in parts.path
        return bool(place) and parts.port != 0 and not is_cut
    except ValueError:  # a port that is no number, a broken IPv6 address
        return False


def key_prefix(value: object) -> str:
    """What the keys of this product begin with.

    Raises:
        PydanticCustomError: other characters than letters, digits and `._:-`.
    """
    if isinstance(value, str) and _PREFIX.fullmatch(value):
        return value
    raise PydanticCustomError("text", "expected up to 64 letters, digits or any of . _ : -")


RedisAddress = Annotated[
    RedisUrl,
    BeforeValidator(redis_url),
    WithJsonSchema({"type": "string", "pattern": _REDIS_URL}),
]
KeyPrefix = Annotated[
    str,
    BeforeValidator(key_prefix),
    WithJsonSchema({"type": "string", "pattern": f"^{_PREFIX.pattern}$"}),
]
LOCAL = RedisUrl("redis://127.0.0.1:6379/0")
"""A server on this machine."""
