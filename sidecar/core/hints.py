"""Decides what to tell an application: for each upstream its base URLs and its clients' lines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import urlsplit

from sidecar.config import Address, Config, Upstream
from sidecar.core.clients import CLIENTS, PLAIN, Client

_ANYWHERE = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Base:
    """A URL that stands in for an upstream's."""

    url: str
    how: str
    """`prefix`, `port`, or `host`: with that name, which has to resolve to the sidecar."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What to tell about one upstream."""

    upstream: str
    bases: tuple[Base, ...]
    """The first is the one to use where nothing speaks against it."""
    clients: tuple[Client, ...]
    """With the base in their lines and notes."""


def with_addresses(config: Config, bound: Mapping[str, Address | list[Address]]) -> Config:
    """The configuration with the addresses that were bound, by kind, in place of port 0."""
    plain, tls = (cast("list[Address]", bound[kind]) for kind in ("proxy", "proxy_tls"))
    return replace(config, listen=replace(config.listen, proxy=tuple(plain), proxy_tls=tuple(tls)))


def hints(config: Config) -> tuple[Hint, ...]:
    """One for each upstream, in their order."""
    return tuple(_hint(config, name, each) for name, each in config.upstreams.items())


def _hint(config: Config, name: str, upstream: Upstream) -> Hint:
    bases = _bases(config, name, upstream)
    host = urlsplit(upstream.url).hostname or ""
    known = (*CLIENTS.get(upstream.preset, ()), *PLAIN)
    clients = tuple(_filled(each, bases[0].url, host) for each in known) if bases else ()
    return Hint(name, bases, clients)


def _filled(client: Client, base: str, host: str) -> Client:
    def filled(text: str) -> str:
        return text.replace("{base}", base).replace("{ref}", host.partition(".")[0])

    notes = tuple(map(filled, client.notes))
    return Client(client.name, client.page, client.language, filled(client.lines), notes)


def _bases(config: Config, name: str, upstream: Upstream) -> tuple[Base, ...]:
    """By prefix first, without TLS first."""
    listen = config.listen
    plain = [address for address in listen.proxy if address.host]
    secure = [address for address in listen.proxy_tls if address.host]
    host = plain[0].host if plain else "127.0.0.1"
    ports = (("http", upstream.port), ("https", upstream.tls_port))
    found = [
        *(Base(f"{_origin('http', each)}/{name}", "prefix") for each in plain),
        *(Base(_origin(scheme, Address(host, port)), "port") for scheme, port in ports if port),
        *(Base(f"{_origin('https', each)}/{name}", "prefix") for each in secure),
    ]
    listeners = [*(("http", each.port) for each in plain), *(("https", e.port) for e in secure)]
    named = [Address(alias.strip("[]")) for alias in upstream.hosts]
    found += [
        Base(_origin(scheme, Address(alias.host, port)), "host")
        for scheme, port in listeners
        for alias in named
    ]
    return tuple(found)


def _origin(scheme: str, address: Address) -> str:
    host = "127.0.0.1" if address.host in _ANYWHERE else address.host
    default = 443 if scheme == "https" else 80
    authority = str(Address(host, address.port))
    return f"{scheme}://{authority.removesuffix(f':{default}')}"
