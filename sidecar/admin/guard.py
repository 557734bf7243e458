"""Decides who may use the admin listener: the right name, the right token, no page of another site.

A browser can be made to call a loopback address (DNS rebinding; a form of another site), so that
being on loopback proves nothing. Source: OWASP, CSRF Prevention (custom headers, Origin).
"""

import hmac
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Middleware

from sidecar.admin.endpoint import Refused
from sidecar.config import Address
from sidecar.config.admin import Admin, is_loopback
from sidecar.core.page_guard import host_name

OWN_HEADER = "X-Sidecar-Admin"
"""A page of another site cannot send it without being allowed to, and nobody ever is."""

_READING = frozenset({"GET", "HEAD"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_WILDCARDS = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104 - compared, not bound
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one listener."""

    hosts: frozenset[str]
    """Names in the Host header that are its own, lower-cased."""
    token: str | None = field(repr=False)

    def check(self, method: str, headers: Mapping[str, str], *, public: bool = False) -> None:
        """Let a request through.

        Args:
            method: of the request.
            headers: of the request.
            public: whether it is for something that holds no figure and no secret, as the
                files of a page do: reading it takes no token.

        Raises:
            Refused: 403 for a foreign name, for a write of another site, or without the header
                that writes need; 401 without the token.
        """
        host = headers.get("Host", "")
        if host_name(host) not in self.hosts:
            raise Refused(403, "this name is not the listener's: add it to admin.hosts")
        free = self.token is None or (public and method in _READING)
        if not free and not _shows(headers.get("Authorization", ""), self.token or ""):
            raise Refused(401, "show the token of admin.token: Authorization: Bearer …")
        if method in _READING:
            return
        origin = headers.get("Origin")
        own = (f"http://{host.lower()}", f"https://{host.lower()}")  # TLS may end before us
        foreign = origin is not None and origin.lower() not in own
        if foreign or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise Refused(403, "a page of another site may not change anything")
        if headers.get(OWN_HEADER) != "1":
            raise Refused(403, f"what changes something needs the header {OWN_HEADER}: 1")


def guard_of(admin: Admin, address: Address) -> Guard:
    """The rules for the listener at `address`.

    Raises:
        OSError: others than this machine reach it, and no token is configured.
    """
    if admin.token is None and not is_loopback(address):
        raise OSError(f"the admin listener on {address} needs admin.token, or a loopback address")
    own = () if address.host in _WILDCARDS else (_written(address.host),)
    return Guard(frozenset({*_LOOPBACK, *_lower(admin.hosts), *own}), admin.token)


def guarding(guard: Callable[[], Guard], public: Collection[str] = ()) -> Middleware:
    """The guard as the middleware that everything passes.

    Args:
        guard: the rules; asked for at each request.
        public: paths of what holds no figure and no secret.
    """

    @web.middleware
    async def check(request: web.Request, handler: _Next) -> web.StreamResponse:
        guard().check(request.method, request.headers, public=request.path in public)
        return await handler(request)

    return check


def _lower(hosts: Iterable[str]) -> Iterable[str]:
    return (host.lower() for host in hosts)


def _written(host: str) -> str:
    """How a Host header has it."""
    return f"[{host.lower()}]" if ":" in host else host.lower()


def _shows(given: str, token: str) -> bool:
    """Whether the field shows the token; takes as long, whatever is wrong with it."""
    scheme, _, shown = given.partition(" ")
    same = hmac.compare_digest(shown.strip().encode("utf-8", "surrogateescape"), token.encode())
    return same and scheme.lower() == "bearer"
