"""Decides which upstreams an application needs, from its variables; says what it cannot decide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sidecar.core.findings.assignment import Assignment, Place, Unclear, resolved
from sidecar.core.findings.providers import (
    MEDIA_NAME,
    MEDIA_URL,
    PROVIDERS,
    WHATSAPP,
    Provider,
    is_public,
    is_url,
    latest,
    other_upstream,
    provider_of,
)

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - compared
_SIDECAR_PORT = 8080


@dataclass(frozen=True, slots=True)
class Use:
    """A variable that tells of an upstream."""

    name: str
    place: Place

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"


@dataclass(frozen=True, slots=True)
class FoundUpstream:
    """An upstream to write."""

    name: str
    preset: str | None
    url: str
    """As it is written: a reference to a variable, or a URL that is everybody's."""
    uses: tuple[Use, ...] = ()
    offered: bool = False
    """Written as a comment, for somebody to decide."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, and what was not understood."""

    upstreams: tuple[FoundUpstream, ...]
    unclear: tuple[Unclear, ...]
    variables: Mapping[str, str]
    """What the variables in the URLs stand for, as far as it is known. Not to be shown."""


def found(assignments: tuple[Assignment, ...]) -> Findings:
    """The upstreams of an application with these variables.

    Others than those with a preset are offered only, unless there is nothing else.
    """
    known = latest(resolved(assignments))
    unclear: list[Unclear] = []
    upstreams: list[FoundUpstream] = []
    for provider in PROVIDERS:
        mine = [each for each in known.values() if provider_of(each.name) is provider]
        if mine:
            mine.sort(key=lambda each: not is_url(provider, each.name))
            uses = tuple(Use(each.name, each.place) for each in mine)
            url = _url(provider, mine, unclear)
            upstreams.append(FoundUpstream(provider.name, provider.name, url, uses))
            if provider is WHATSAPP:
                upstreams.append(FoundUpstream(MEDIA_NAME, MEDIA_NAME, MEDIA_URL))
    upstreams += _others(known, offered=bool(upstreams))
    values = {name: each.value for name, each in known.items() if each.value}
    written = {name: text for name, text in values.items() if _is_used(name, upstreams)}
    return Findings(tuple(upstreams), tuple(unclear), written)


def _is_used(name: str, upstreams: list[FoundUpstream]) -> bool:
    return any(each.url.startswith((f"${{{name}}}", f"${{{name}:-")) for each in upstreams)


def _url(provider: Provider, mine: list[Assignment], unclear: list[Unclear]) -> str:
    """What to write as the provider's URL, and in `unclear` what speaks against it."""
    urls = [each for each in mine if is_url(provider, each.name)]
    # The usual name first, and one that also browsers get last.
    urls.sort(key=lambda each: (is_public(each.name), each.name != provider.variable))
    if not urls:
        if provider.default is None:
            message = f"{provider.variable} is in none of the files: set it for the sidecar"
            unclear.append(Unclear(mine[0].place, message))
        return provider.default or f"${{{provider.variable}}}"
    chosen = urls[0]
    for each in urls[1:]:
        if each.value and chosen.value and each.value != chosen.value:
            message = f"{each.name} differs from {chosen.name}: give it an upstream of its own"
            unclear.append(Unclear(each.place, message))
    against = _against(chosen.value, with_path=provider.default is None) if chosen.value else None
    if against:
        unclear.append(Unclear(chosen.place, f"{chosen.name} {against}"))
    if provider.default is None:
        return f"${{{chosen.name}}}"
    return provider.default if against else f"${{{chosen.name}:-{provider.default}}}"


def _against(value: str, *, with_path: bool) -> str | None:
    """Why this is no URL for an upstream; never with a part of it, which may be a secret."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "is no http or https URL"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "has credentials or a query in it, which the URL of an upstream may not have"
    if host in _THIS_MACHINE and port == _SIDECAR_PORT:
        return "leads to where the sidecar will listen: the provider's own URL belongs there"
    if parts.path.strip("/") and not with_path:
        return "has a path, which belongs into the application's base URL, behind the sidecar's"
    return None


def _others(known: Mapping[str, Assignment], *, offered: bool) -> Iterator[FoundUpstream]:
    taken: set[str] = set()
    for name, each in known.items():
        upstream = other_upstream(name) if provider_of(name) is None else None
        value = each.value or ""
        if upstream is None or upstream in taken or not value.startswith("https://"):
            continue
        if (
            _against(value, with_path=True) is None
            and urlsplit(value).hostname not in _THIS_MACHINE
        ):
            taken.add(upstream)
            use = (Use(name, each.place),)
            yield FoundUpstream(upstream, None, f"${{{name}}}", use, offered)
