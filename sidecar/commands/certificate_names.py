"""Which names a certificate of `sidecar certs` is for: given ones, and those of a configuration."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from sidecar.config import Config
from sidecar.loader import ConfigNotFound, Origin, Problem, loads

ALWAYS = ("localhost", "127.0.0.1", "::1")
"""Names that every certificate is for."""

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_ANYWHERE = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound


def all_names(given: Iterable[str], configured: Iterable[str]) -> tuple[str, ...]:
    """Each once, in lower case; addresses in their usual form.

    Raises:
        ValueError: one is neither a host name nor an address.
    """
    return tuple(dict.fromkeys(map(_usual, (*ALWAYS, *configured, *given))))


def configured_names(path: Path) -> tuple[str, ...]:
    """Those of a configuration, whose certificate need not be there yet.

    Raises:
        ConfigNotFound: there is no such file, or it cannot be read.
        ConfigErrors: it cannot be used.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigNotFound([Problem(Origin("", str(path)), (), reason.lower())]) from None
    return tuple(_names_in(loads(text, name=str(path), base=path.parent).config))


def _names_in(config: Config) -> Iterator[str]:
    """By what clients reach the listeners."""
    for address in (*config.listen.proxy, *config.listen.proxy_tls):
        if address.host and address.host not in _ANYWHERE:
            yield address.host
    for upstream in config.upstreams.values():
        yield from (host.strip("[]") for host in upstream.hosts)


def _usual(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if _HOST.fullmatch(name):
            return name.lower()
        raise ValueError(f"not a host name or address: {name!r}") from None
