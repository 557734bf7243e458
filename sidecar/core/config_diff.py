"""Decides what there is to say of the change from one configuration to another, line by line.

`~ upstreams.supabase.timeouts.total: 10s → 5s`, `+ upstreams.new`, `- upstreams.old.routes.some`.
Values are worded as in the YAML; secrets are `***`. Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, get_args

from sidecar.config import INHERITED, Config, Pace
from sidecar.config.written import hints_of, is_section
from sidecar.core.config_words import worded

Path: TypeAlias = tuple[str, ...]

_NEEDS_RESTART = (("loop",), ("stores",), ("listen", "ops"), ("listen", "admin"))
"""What the running program cannot change: what it has opened, and runs on."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as before."""

    path: Path
    sign: str
    """`+`, `-` or `~`."""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        line = f"{self.sign} {'.'.join(self.path)}"
        return f"{line}: {self.before} → {self.after}" if self.sign == "~" else line

    @property
    def needs_restart(self) -> bool:
        """Whether the running program cannot do it."""
        return any(self.path[: len(each)] == each for each in _NEEDS_RESTART)


def differences(before: Config, after: Config) -> list[Difference]:
    """All of them, in the order of the configuration.

    What routes inherit is said once, of their upstream.
    """
    found = list(_between(before, after, Config, ()))
    said = set(found)
    return [each for each in found if _at_upstream(each) not in said]


def _at_upstream(each: Difference) -> Difference | None:
    """The same difference at the upstream of a route."""
    match each.path:
        case ("upstreams", upstream, "routes", _, key, *rest) if key in INHERITED:
            path = ("upstreams", upstream, key, *rest)
            return Difference(path, each.sign, each.before, each.after)
    return None


def _between(before: Any, after: Any, hint: Any, path: Path) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        inner = get_args(_bare(hint))[-1]
        yield from _by_name(_named(before), _named(after), inner, path)
    elif is_section(before) and type(before) is type(after):
        kind: Any = type(before)
        hints = hints_of(kind)
        for each in fields(before):
            values = getattr(before, each.name), getattr(after, each.name)
            yield from _between(*values, hints[each.name], (*path, each.name))
    elif _is_listing(before) or _is_listing(after):
        yield from _in_order(before or (), after or (), path)
    elif before is None and is_section(after):
        yield Difference(path, "+")
    elif after is None and is_section(before):
        yield Difference(path, "-")
    elif is_section(before) or is_section(after):  # another kind of the same, as of a store
        yield Difference(path, "~", _kind(before), _kind(after))
    else:
        key = path[-1]
        yield Difference(path, "~", worded(key, before, hint), worded(key, after, hint))


def _by_name(
    before: Mapping[str, Any], after: Mapping[str, Any], hint: Any, path: Path
) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        if name not in before:
            yield Difference((*path, name), "+")
        elif name not in after:
            yield Difference((*path, name), "-")
        else:
            yield from _between(before[name], after[name], hint, (*path, name))


def _in_order(before: Sequence[Any], after: Sequence[Any], path: Path) -> Iterator[Difference]:
    """Sections in a list; the first that matches may be used, so that their order counts."""
    old, new = _titled(before), _titled(after)
    yield from _by_name(old, new, None, path)
    was, is_now = [each for each in old if each in new], [each for each in new if each in old]
    if was != is_now:
        yield Difference(path, "~", ", ".join(was), ", ".join(is_now))


def _titled(sections: Sequence[Any]) -> dict[str, Any]:
    """By what each is called; those without a name by their number."""
    found: dict[str, Any] = {}
    for number, each in enumerate(sections, 1):
        title = each.title if isinstance(each, Pace) else getattr(each, "name", str(number))
        found[title if title not in found else f"{title}#{number}"] = each
    return found


def _named(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in values.items()}


def _is_listing(value: object) -> bool:
    return isinstance(value, tuple) and any(map(is_section, value))


def _kind(value: object) -> str:
    """A section by its kind, or as one of which no more is said; a word as it is."""
    return str(getattr(value, "kind", "{…}" if is_section(value) else value))


def _bare(hint: Any) -> Any:
    return hint.__origin__ if hasattr(hint, "__metadata__") else hint
