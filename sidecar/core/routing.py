"""Decides which upstream and which route a request is for, and what of its target goes on.

Works on raw targets, byte for byte. Knows no sockets; the listener says where a request came in.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from sidecar.config import RESERVED, Config, Route, Upstream, default_route
from sidecar.core.keys import needs_body
from sidecar.core.page_guard import check_reader, host_name
from sidecar.core.paths import compile_path, literal_prefix
from sidecar.entered import Way
from sidecar.errors import BadTarget, NoRoute
from sidecar.exchange import RawHeaders


@dataclass(frozen=True, slots=True, eq=False)
class RouteEntry:
    """One route, ready to match."""

    upstream: str
    config: Route
    methods: frozenset[str] = field(init=False)
    expression: re.Pattern[str] = field(init=False)
    prefix: str | None = field(init=False)
    """What a path must begin with, where the pattern asks for no more."""
    reads_body: bool = field(init=False)
    """Whether the body of a request decides what becomes of it, so that it is waited for."""

    def __post_init__(self) -> None:
        match = self.config.match
        object.__setattr__(self, "methods", frozenset(match.methods))
        object.__setattr__(self, "expression", compile_path(match.path))
        object.__setattr__(self, "prefix", literal_prefix(match.path))
        object.__setattr__(self, "reads_body", _reads_body(self.config, self.expression))

    @property
    def name(self) -> str:
        """Its name, unique within the upstream."""
        return self.config.name

    def matches(self, method: str, path: str) -> bool:
        """Whether this route is for `method` on the raw `path` (without its query)."""
        if self.methods and method not in self.methods:
            return False
        prefix = self.prefix
        if prefix is None:
            return self.expression.fullmatch(path) is not None
        return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def _reads_body(route: Route, expression: re.Pattern[str]) -> bool:
    keys = (route.breaker.key, *(pace.key for pace in route.pace))
    queued = route.queue.is_on
    return queued or route.cache.post or any(needs_body(key, expression) for key in keys)


class Routed(NamedTuple):
    """Where a request goes."""

    route: RouteEntry
    target: str
    """What is left of the target for the upstream: it begins with a slash."""
    by: Way = "prefix"
    """By what the upstream was chosen."""


def entries(name: str, upstream: Upstream) -> Iterator[RouteEntry]:
    """The routes of one upstream in the order of matching; the last matches everything."""
    for route in (*upstream.routes, default_route(upstream)):
        yield RouteEntry(name, route)


class RouteTable:
    """All upstreams with their routes. Immutable once built."""

    def __init__(self, upstreams: Mapping[str, Upstream], names: Collection[str] = ()) -> None:
        """What a configuration says.

        Args:
            upstreams: by name.
            names: further names by which the sidecar may be addressed.
        """
        self.routes: dict[str, tuple[RouteEntry, ...]] = {
            name: tuple(entries(name, upstream)) for name, upstream in upstreams.items()
        }
        self._hosts = {
            host.lower(): name for name, upstream in upstreams.items() for host in upstream.hosts
        }
        self._names = frozenset((*(name.lower() for name in names), *self._hosts))
        self._keyed = frozenset(
            name
            for name, upstream in upstreams.items()
            if upstream.credentials is not None and upstream.credentials.secrets
        )
        """The upstreams whose keys the sidecar holds."""

    @classmethod
    def from_config(cls, config: Config) -> "RouteTable":
        """The table of a configuration."""
        return cls(config.upstreams, config.admin.hosts)

    @property
    def entries(self) -> Iterator[RouteEntry]:
        """The routes of all upstreams, each upstream's in the order of matching."""
        return chain.from_iterable(self.routes.values())

    def __repr__(self) -> str:
        counts = ", ".join(f"{name}: {len(routes)}" for name, routes in self.routes.items())
        return f"<RouteTable {counts}>"

    def resolve(self, method: str, target: str, host: str = "", bound: str | None = None) -> Routed:
        """Find the route.

        Args:
            method: the request's method.
            target: the request target as received.
            host: the `Host` header, with or without a port.
            bound: the upstream that the receiving listener belongs to, if to one.

        Raises:
            BadTarget: the target is of a form that only a forward proxy serves (RFC 9112 §3.2), or
                has a fragment, which some servers cut off and others do not.
            NoRoute: no upstream is configured for it.
        """
        if method == "CONNECT" or not target.startswith("/") or "#" in target:
            raise _bad_target(method, target)
        by: Way = "port" if bound else "host"
        if bound and bound not in self.routes:  # on a connection that is older than the table
            raise NoRoute("the upstream of this port is configured no more", code="no_upstream")
        upstream = bound or (self._hosts.get(host_name(host)) if self._hosts else None)
        if upstream is None:
            by, (upstream, target) = "prefix", self._by_prefix(target)
        path = target.partition("?")[0]
        for route in self.routes[upstream]:
            prefix = route.prefix  # looked at before anything is called: most routes end here
            if (prefix is None or path.startswith(prefix)) and route.matches(method, path):
                return Routed(route, target, by)
        raise AssertionError("the last route of an upstream matches everything")

    def check_client(self, routed: Routed, host: str, headers: RawHeaders) -> None:
        """Refuse a page of another site where the sidecar would lend it a key.

        Raises:
            BadRequest: 403; see `page_guard`.
        """
        if routed.route.upstream in self._keyed:
            check_reader(host, headers, self._names)

    def _by_prefix(self, target: str) -> tuple[str, str]:
        name = target[1:].partition("/")[0].partition("?")[0]
        rest = target[len(name) + 1 :]
        if name == RESERVED:
            raise NoRoute("this page of the sidecar does not exist", code="reserved_path")
        if name not in self.routes:
            known = ", ".join(f"/{known}/" for known in self.routes)
            raise NoRoute(
                f"no upstream is configured for this path; configured are: {known}",
                code="no_upstream",
            )
        return name, rest if rest.startswith("/") else "/" + rest


def _bad_target(method: str, target: str) -> BadTarget:
    if method == "CONNECT":
        return BadTarget(
            "CONNECT is refused: the sidecar is no forward proxy; "
            "set the client's base URL to the sidecar instead of its proxy setting",
            code="connect_method",
        )
    if "://" in target:
        return BadTarget(
            "an absolute URL as request target is refused: the sidecar is no forward proxy; "
            "set the client's base URL to the sidecar instead of its proxy setting",
            code="absolute_form",
        )
    text = "the request target must begin with / and has no fragment"
    return BadTarget(text, code="bad_target")
