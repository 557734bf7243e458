"""What applies to the requests of one route: each setting as it is written, and its origin.

Names the sections that are shown, and so those that may hold a secret are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, get_args

from sidecar.config import DEFAULT_ROUTE, Pace, Route, Upstream
from sidecar.config.written import hints_of, written
from sidecar.core.routing import RouteEntry
from sidecar.loader import Loaded
from sidecar.loader.tree import Path

_OF_ROUTE = ("errors", "dialect", "readable_errors", "strict_streams", "timeouts", "retry")
_OF_BREAKER = ("key", "hold", "hold_unsafe")
"""What a route may say of its breaker; all else is the upstream's."""
_OF_ROUTE_TOO = ("priority", "pace", "hedge", "cache")
_OF_UPSTREAM = ("limit", "ledger")

_ALWAYS = frozenset(
    (
        *("errors", "dialect", "retry.attempts", "pace", "hedge.enabled"),
        *("breaker.key", "breaker.hold", "breaker.hold_unsafe"),
        *("limit.mode", "limit.inflight", "ledger.honoured"),
    )
)
"""What is shown although nobody has set it, beside the timeouts."""

_Named = tuple[str, Any, Any, Path]
"""A value with its name, its type hint and its place in the configuration."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective value and where it comes from."""

    name: str
    value: str
    origin: str

    @property
    def is_default(self) -> bool:
        """Whether nobody has set it."""
        return self.origin == "default"


def settings_of(route: RouteEntry, found: Loaded) -> list[Setting]:
    """All of them, in the order of the layers that go by them."""
    upstream = found.config.upstreams[route.upstream]
    above: Path = ("upstreams", route.upstream)
    own = above
    if route.name != DEFAULT_ROUTE:
        index = next(n for n, each in enumerate(upstream.routes) if each.name == route.name)
        own = (*above, "routes", index)
    named = (
        *_members(Route, route.config, own, _OF_ROUTE),
        *_breaker(route, upstream, own, above),
        *_members(Route, route.config, own, _OF_ROUTE_TOO),
        *_queue(route, own),
        *_members(Upstream, upstream, above, _OF_UPSTREAM),
    )
    return [
        Setting(name, written(value, hint), str(found.origins.get(path, "default")))
        for each in named
        for name, value, hint, path in _leaves(*each)
    ]


def compact(settings: Sequence[Setting]) -> list[Setting]:
    """Those that somebody has set, and those that matter most; nothing of what is switched off."""
    off = {
        each.name.removesuffix(".enabled")
        for each in settings
        if each.name.endswith(".enabled") and each.value == "false"
    }

    def is_shown(each: Setting) -> bool:
        section, _, key = each.name.partition(".")
        if section in off:
            return key == "enabled"
        if section == "pace" and key.endswith(".name"):  # it is in all its names
            return False
        return not each.is_default or each.name in _ALWAYS or section == "timeouts"

    return [each for each in settings if is_shown(each)]


def _breaker(route: RouteEntry, upstream: Upstream, own: Path, above: Path) -> Iterator[_Named]:
    config = route.config.breaker
    told = replace(config, hold_unsafe=config.hold_of(safe=False))
    for each in fields(config):
        of_route = each.name in _OF_BREAKER
        section, place = (told, own) if of_route else (upstream.breaker, above)
        path: Path = (*place, "breaker", each.name)
        yield f"breaker.{each.name}", getattr(section, each.name), _hints(config)[each.name], path


def _queue(route: RouteEntry, own: Path) -> Iterator[_Named]:
    """Where calls are queued; without `callback`, which holds a secret."""
    config = route.config.queue
    shown = [each.name for each in fields(config) if each.name != "callback"]
    for name in shown if config.is_on else ["mode"]:
        path: Path = (*own, "queue", name)
        yield f"queue.{name}", getattr(config, name), _hints(config)[name], path


def _members(section: type, value: Any, path: Path, names: Sequence[str]) -> Iterator[_Named]:
    for name in names:
        yield name, getattr(value, name), _hints(section)[name], (*path, name)


def _leaves(name: str, value: Any, hint: Any, path: Path) -> Iterator[_Named]:
    """The single values in a value."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{name}.{key}", item, get_args(hint)[-1], (*path, key))
    elif is_dataclass(value):
        for each in fields(value):
            inner = _hints(value)[each.name]
            below = getattr(value, each.name)
            yield from _leaves(f"{name}.{each.name}", below, inner, (*path, each.name))
    elif isinstance(value, tuple) and any(map(is_dataclass, value)):
        titles = [each.title if isinstance(each, Pace) else "" for each in value]
        for number, (item, title) in enumerate(zip(value, titles, strict=True)):
            short = title if titles.count(title) == 1 else f"{title}#{number + 1}"
            yield from _leaves(f"{name}.{short}", item, type(item), (*path, number))
    else:
        yield name, value, hint, path


def _hints(value: object) -> dict[str, Any]:
    """The types of a section's keys, by one of its values or its class."""
    return hints_of(value if isinstance(value, type) else type(value))
