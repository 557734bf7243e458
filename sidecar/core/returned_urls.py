"""Decides where a URL that a provider returned leads, and the URL that leads there through here.

Pure: knows the configuration and how a request came in; no bodies, no sockets.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from sidecar.config import Address, Config, Upstream
from sidecar.core.json_spans import Swap
from sidecar.core.page_guard import host_name
from sidecar.entered import Entered
from sidecar.exchange import RawHeaders

_PORTS = {"http": 80, "https": 443}
_START = re.compile(r"(?:(https?):)?//([^/?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]{1,1024})(?::([0-9]{0,5}))?")
_REFUSED = re.compile(r"[\x00-\x20\x7f\\]")
"""What no URL holds, or what some clients read as a slash."""
_CLIMBS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_BETWEEN = re.compile(rb"<([^<>]*)>")
_LINK = b"link"


class _Origin(NamedTuple):
    """RFC 6454 §4."""

    scheme: str
    host: str
    port: int


class _Base(NamedTuple):
    """One address of an upstream."""

    upstream: str
    origin: _Origin
    path: str
    """What its paths begin with: "" or `/base`."""


class ReturnedUrl(NamedTuple):
    """Which answer a URL is of."""

    upstream: str
    entered: Entered
    relative: bool = False
    """Whether one without scheme and host is meant for this upstream, as in `Location`."""
    only: Collection[str] | None = None
    """The upstreams that it may lead to; None for all."""


class Addresses:
    """Where the upstreams are, and where the sidecar serves them."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        origins: Mapping[str, Collection[str]] | None = None,
        *,
        proxy: Collection[Address] = (),
        proxy_tls: Collection[Address] = (),
    ) -> None:
        """What a configuration says.

        Args:
            upstreams: by name.
            origins: URLs by which the providers call them, beside those in the configuration.
            proxy: the listeners that serve all upstreams.
            proxy_tls: the same with TLS.
        """
        self._upstreams = upstreams
        self._bases = [
            _base(name, url)
            for name, upstream in upstreams.items()
            for url in (upstream.url, *(origins or {}).get(name, ()))
        ]
        self._own = {base.upstream: base for base in reversed(self._bases)}
        self._hosts = {
            host: name for name, upstream in upstreams.items() for host in upstream.hosts
        }
        self._shared = {False: _port_of(proxy), True: _port_of(proxy_tls)}

    @classmethod
    def from_config(cls, config: Config) -> "Addresses":
        """Those of a configuration."""
        listen = config.listen
        origins = {
            name: upstream.returned_urls.origins for name, upstream in config.upstreams.items()
        }
        return cls(config.upstreams, origins, proxy=listen.proxy, proxy_tls=listen.proxy_tls)

    def __repr__(self) -> str:
        return f"<Addresses {len(self._bases)} of {len(self._upstreams)} upstreams>"

    def back(self, url: str, returned: ReturnedUrl) -> Swap | None:
        """What to change at the beginning of `url` so that it leads through the sidecar.

        A URL of no upstream stays as it is, and so does one with a user, with `..` in its path
        (it could lead to another upstream here), or one that no listener is known for. A relative
        one that the upstream would resolve outside of its base path becomes absolute.
        """
        path = re.split(r"[?#]", url, maxsplit=1)[0]
        if _REFUSED.search(url) or _CLIMBS.search(path):
            return None
        if url.startswith("/") and not url.startswith("//"):
            return self._relative(url, returned) if returned.relative else None
        own = self._own[returned.upstream].origin
        start = _START.match(url)
        origin = _origin(start[1] or own.scheme, start[2]) if start else None
        if start is None or origin is None:
            return None
        base = self._at(origin, url[start.end() :], returned)
        address = self._address(base.upstream, returned) if base is not None else None
        if base is None or address is None:
            return None
        return _swap(url, start.end() + len(base.path), address)

    def _relative(self, url: str, returned: ReturnedUrl) -> Swap | None:
        """One that begins with a slash: the upstream means its own root."""
        own = self._own[returned.upstream]
        base = self._at(own.origin, url, returned)
        if base is None:
            return Swap(0, _written(own.origin))
        if base.upstream == returned.upstream:
            prefix = f"/{base.upstream}" if returned.entered.by == "prefix" else ""
            swap = _swap(url, len(base.path), prefix)
            if not (swap.text + url[swap.length :]).startswith("//"):
                return swap if swap != Swap(0, "") else None
        address = self._address(base.upstream, returned)
        return _swap(url, len(base.path), address) if address else Swap(0, _written(own.origin))

    def _at(self, origin: _Origin, rest: str, returned: ReturnedUrl) -> _Base | None:
        """The address that a URL is under; the longest, then the upstream's own."""
        only = returned.only
        found = [
            base
            for base in self._bases
            if base.origin == origin
            and rest.startswith(base.path)
            and rest[len(base.path) : len(base.path) + 1] in ("", "/", "?", "#")
            and (only is None or base.upstream in only)
        ]
        return max(
            found,
            key=lambda base: (len(base.path), base.upstream == returned.upstream),
            default=None,
        )

    def _address(self, target: str, returned: ReturnedUrl) -> str | None:
        """Where the sidecar serves an upstream, as seen by the client; no slash at the end."""
        entered = returned.entered
        if not entered.host:
            return None
        if entered.by == "prefix":
            place: str | None = f"{entered.host}/{target}"
        elif target == returned.upstream:
            place = entered.host
        else:
            place = self._elsewhere(target, entered)
        return f"{'https' if entered.tls else 'http'}://{place}" if place else None

    def _elsewhere(self, target: str, entered: Entered) -> str | None:
        """Another upstream, for a client that came by a host or port that is one upstream's.

        It reaches the other listeners of the sidecar by the same name, on their ports.
        """
        name, colon, port = _split(entered.host)
        upstream = self._upstreams[target]
        if entered.by == "host" and upstream.hosts:
            return f"{upstream.hosts[0]}{colon}{port}"
        own_port = upstream.tls_port if entered.tls else upstream.port
        if own_port:
            return f"{name}:{own_port}"
        shared, selected = self._shared[entered.tls], self._hosts.get(host_name(entered.host))
        if entered.by == "host" or not shared or selected not in (None, target):
            return None
        return f"{name}:{shared}" if selected else f"{name}:{shared}/{target}"


def changed_headers(
    headers: RawHeaders, names: Collection[bytes], swap: Callable[[bytes, str], Swap | None]
) -> tuple[RawHeaders, int]:
    """The headers with the URLs in those called `names` changed, and how many were.

    Args:
        headers: as they came; the same object goes back where nothing is changed.
        names: lower-case.
        swap: says what to change of a URL in the field of that lower-case name.
    """
    changed: RawHeaders = []
    count = 0
    for name, value in headers:
        lower = name.lower()
        new = _changed(lower, value, swap) if lower in names else value
        count += new != value
        changed.append((name, new))
    return (changed, count) if count else (headers, 0)


def _changed(name: bytes, value: bytes, swap: Callable[[bytes, str], Swap | None]) -> bytes:
    def one(url: bytes) -> bytes:
        change = swap(name, url.decode("latin-1"))
        return url if change is None else change.text.encode("latin-1") + url[change.length :]

    if name == _LINK:  # <https://…>; rel="next", <…> (RFC 8288 §3)
        return _BETWEEN.sub(lambda found: b"<" + one(found[1]) + b">", value)
    return one(value)


def _swap(url: str, length: int, text: str) -> Swap:
    """`text` in place of the beginning; a path begins with a slash."""
    return Swap(length, text if url[length : length + 1] == "/" else text + "/")


def _base(name: str, url: str) -> _Base:
    parts = urlsplit(url)
    origin = _origin(parts.scheme, parts.netloc)
    assert origin is not None, "the configuration was checked"
    return _Base(name, origin, parts.path.rstrip("/"))


def _origin(scheme: str, authority: str) -> _Origin | None:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return None
    scheme = scheme.lower()
    try:
        host = found[1].lower().encode("idna").decode() if found[1][0] != "[" else found[1].lower()
    except UnicodeError:
        return None
    return _Origin(scheme, host, int(found[2]) if found[2] else _PORTS[scheme])


def _written(origin: _Origin) -> str:
    port = "" if origin.port == _PORTS[origin.scheme] else f":{origin.port}"
    return f"{origin.scheme}://{origin.host}{port}"


def _split(host: str) -> tuple[str, str, str]:
    """Name, colon and port of a Host header."""
    name, colon, port = host.rpartition(":")
    return (name, colon, port) if colon and not host.endswith("]") else (host, "", "")


def _port_of(addresses: Collection[Address]) -> int:
    """The port of the first listener that has one; 0 where none is known."""
    return next((address.port for address in addresses if address.port), 0)
