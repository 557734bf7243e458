"""`/admin/cache`: how the response cache stands, and dropping some of it by hand.

Knows the cache by a Protocol only.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from aiohttp import web

from sidecar.admin.asked import Scalar, asked
from sidecar.admin.audit import AUDIT
from sidecar.admin.endpoint import Answer, Endpoint, Parameter, Refused, unknown
from sidecar.core.cache.purge import TABLE_PREFIX, Cleared, Scope
from sidecar.errors import DownstreamError
from sidecar.telemetry import redact

_PATH = "/admin/cache"
_SCOPES = ("all", "upstream", "prefix", "tag", "url")
_FLAGS = ("soft", "dry_run", "refresh")
_PARAMETERS = (
    Parameter("all", "everything", "flag"),
    Parameter("upstream", "the name of an upstream: all of it, or what of it is named beside"),
    Parameter("prefix", "what the path at the upstream begins with"),
    Parameter("tag", "one of `cache.tags`, or `table:NAME`"),
    Parameter("url", "one target, as the application asks for it"),
    Parameter("soft", "keep it, to be served while it is renewed or the upstream is down", "flag"),
    Parameter("dry_run", "only count it", "flag"),
    Parameter("refresh", "fetch it again at once", "flag"),
)
_LONGEST = 1000
_ONE_OF = (
    "name what is to go: all=true, upstream=NAME, upstream=NAME and prefix=/PATH, "
    "upstream=NAME and tag=TAG, or url=/NAME/PATH?QUERY"
)


class CacheControl(Protocol):
    """The response cache, for people. `parts.purging.Purging` is one."""

    @property
    def upstreams(self) -> Collection[str]:
        """The names of all upstreams."""
        ...

    def tags_of(self, upstream: str) -> Collection[str]:
        """The names of `cache.tags` at this upstream."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """How it stands."""
        ...

    async def clear(self, scope: Scope, *, soft: bool, dry_run: bool, refresh: bool) -> Cleared:
        """Drop what is meant, or with `dry_run` only count it.

        Raises:
            DownstreamError: its URL leads to no upstream.
        """
        ...


def cache_endpoints(cache: CacheControl) -> Sequence[Endpoint]:
    """The endpoints."""

    async def show(_: web.Request) -> Answer:
        return Answer(cache.snapshot())

    async def clear(request: web.Request) -> Answer:
        given = await asked(request, (*_SCOPES, *_FLAGS))
        for name in {"url", "prefix"} & given.keys():
            request[AUDIT][name] = redact.target(str(given[name]))
        scope = _scope(given)
        if scope.upstream and scope.upstream not in cache.upstreams:
            raise unknown("upstream", scope.upstream, list(cache.upstreams))
        if scope.tag and not scope.tag.startswith(TABLE_PREFIX):
            known = cache.tags_of(scope.upstream)
            if scope.tag not in known:
                raise unknown("tag", scope.tag, list(known))
        soft, dry_run, refresh = (_flag(given, name) for name in _FLAGS)
        try:
            found = await cache.clear(scope, soft=soft, dry_run=dry_run, refresh=refresh)
        except DownstreamError as error:
            raise Refused(404, f"url: {error}") from None
        return Answer({"dry_run": dry_run, "soft": soft, **found._asdict()})

    return (
        Endpoint("GET", f"{_PATH}/stats", "the response cache, route by route", show),
        Endpoint(
            "POST",
            f"{_PATH}/clear",
            "drop some of it; all, upstream, prefix, tag, url; soft, dry_run, refresh",
            clear,
            parameters=_PARAMETERS,
            answer="how much of it there was",
        ),
    )


def _scope(given: dict[str, Scalar]) -> Scope:
    """What is to go, named in exactly one way.

    Raises:
        Refused: 400.
    """
    everything = _flag(given, "all")
    texts = {name: _text(given, name) for name in _SCOPES if name in given and name != "all"}
    ways = ({"upstream"}, {"upstream", "prefix"}, {"upstream", "tag"}, {"url"})
    if everything is not (not texts) or (texts and texts.keys() not in ways):
        raise Refused(400, _ONE_OF)
    scope = Scope(**texts)
    if scope.prefix and not scope.prefix.startswith("/"):
        raise Refused(400, "prefix: a path at the upstream begins with /")
    if scope.tag == TABLE_PREFIX:
        raise Refused(400, "tag: the name of the table is missing")
    return scope


def _text(given: dict[str, Scalar], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise Refused(400, f"{name}: expected a text of up to {_LONGEST} characters")
    return value


def _flag(given: dict[str, Scalar], name: str) -> bool:
    value = given.get(name, False)
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Refused(400, f"{name}: expected true or false")
