"""Who may use the admin listener. Field docstrings are the reference."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from sidecar.config.strict import STRICT
from sidecar.config.values import Address, Host

DEFAULT_ADMIN = Address(host="127.0.0.1", port=9901)
SHORTEST_TOKEN = 16


def token(value: object) -> str:
    """A secret that is worth its name: 16 visible ASCII characters or more.

    Raises:
        PydanticCustomError: anything else.
    """
    if isinstance(value, str) and len(value) >= SHORTEST_TOKEN and _is_visible(value):
        return value
    raise PydanticCustomError("text", "expected at least 16 characters of ASCII, without spaces")


def _is_visible(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


Token = Annotated[
    str,
    BeforeValidator(token),
    WithJsonSchema({"type": "string", "minLength": SHORTEST_TOKEN}),
]


@dataclass(frozen=True, slots=True)
class Admin:
    """Who may use the admin listener."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    token: Token | None = field(default=None, repr=False)
    """What callers must show (`Authorization: Bearer …`). Needed where `listen.admin` is not a
    loopback address; take it from a variable or a file."""
    hosts: tuple[Host, ...] = ()
    """Names by which the listener may be addressed, beside `localhost`, the loopback addresses
    and its own. Others are refused, because a page in a browser can point a name at it. They are
    also names under which the application is shown the sidecar's own pages, and may use the keys
    that the sidecar holds."""


def is_loopback(address: Address) -> bool:
    """Whether only this machine reaches `address`; a Unix socket is guarded by its folder."""
    if address.path or address.host.lower() == "localhost":
        return True
    try:
        return ip_address(address.host).is_loopback
    except ValueError:  # some other name, which may resolve to anything
        return False
