"""Decides by which variables an application is told the base URLs of its upstreams.

Which name stands for which provider is data. Knows no environment but the one that it is given.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from sidecar.core.hints import Hint

BY_PRESET: Mapping[str, str | None] = MappingProxyType(
    {
        "supabase": "SUPABASE_URL",
        "gemini": "GOOGLE_GEMINI_BASE_URL",
        "whatsapp": "WHATSAPP_BASE_URL",
        "whatsapp-media": None,
    }
)
"""SUPABASE_URL is what Supabase's own guides read; both SDKs of Google read GOOGLE_GEMINI_BASE_URL
by themselves. No SDK for WhatsApp reads any: the application does. Media has none, because its URLs
come with answers of the Graph API, and lead to the sidecar already."""

INLINED = ("NEXT_PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_", "PUBLIC_", "VITE_", "REACT_APP_")
"""Prefixes of variables that bundlers copy into code for browsers, which cannot reach a sidecar."""

_OWN = "SIDECAR_"
_LOOPBACK = ("127.0.0.1", "localhost")
_NO_PROXY = ("NO_PROXY", "no_proxy")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NoSuchVariable(ValueError):
    """A choice of the operator cannot be followed; the message says why."""

    def __init__(self, message: str, word: str = "") -> None:
        super().__init__(message)
        self.word = word
        """The upstream that is not known; empty when it is not about that."""


def variables(
    hints: Iterable[Hint],
    presets: Mapping[str, str | None],
    written: Mapping[str, str],
    chosen: Iterable[str] = (),
) -> dict[str, str]:
    """Base URLs by the name of the variable.

    What the operator chose comes first, then the variable that the upstream's URL was itself
    written with, then the name that the preset has, or `NAME_BASE_URL` where there is no preset.
    Where two upstreams have the same, the first gets it.

    Args:
        hints: the upstreams with their bases; those without a base are left out.
        presets: the preset of each upstream.
        written: the variable that the URL of an upstream consists of, where it does.
        chosen: `NAME=UPSTREAM`, `NAME=UPSTREAM/PATH`, or `NAME=` to leave the variable alone.

    Raises:
        NoSuchVariable: something in `chosen` cannot be read, or names no upstream with a base.
    """
    bases = {each.upstream: each.bases[0].url for each in hints if each.bases}
    found: dict[str, str | None] = {}
    for choice in chosen:
        name, place = _chosen(choice, bases)
        found[name] = place
    for upstream, base in bases.items():
        variable = written.get(upstream)
        if variable and not variable.startswith((*INLINED, _OWN)):
            found.setdefault(variable, base)
    for upstream, base in bases.items():
        variable = conventional(upstream, presets.get(upstream))
        if variable:
            found.setdefault(variable, base)
    return {name: base for name, base in found.items() if base is not None}


def conventional(upstream: str, preset: str | None) -> str | None:
    """The name that an upstream's variable has by itself; None for one that needs none."""
    if preset is not None and preset in BY_PRESET:
        return BY_PRESET[preset]
    name = upstream.upper().replace("-", "_")
    return f"{'' if name[0].isalpha() else '_'}{name}_BASE_URL"


def _chosen(choice: str, bases: Mapping[str, str]) -> tuple[str, str | None]:
    name, equals, place = choice.partition("=")
    if not equals or not _NAME.fullmatch(name):
        raise NoSuchVariable("expected NAME=UPSTREAM, NAME=UPSTREAM/PATH or NAME=")
    if not place:
        return name, None
    upstream, slash, path = place.partition("/")
    if upstream not in bases:
        message = f"there is no upstream '{upstream}' with a base URL"
        raise NoSuchVariable(message, word=upstream)
    return name, bases[upstream] + slash + path


def no_proxy(environment: Mapping[str, str], bases: Iterable[str]) -> dict[str, str]:
    """NO_PROXY in both spellings, with the hosts of `bases` and this machine's own names added.

    Clients differ in which spelling they read first; what one of them has is kept.
    """
    hosts = [urlsplit(base).hostname or "" for base in bases]
    wanted = list(dict.fromkeys(host for host in (*_LOOPBACK, *hosts) if host))
    extended = {}
    for name, other in zip(_NO_PROXY, reversed(_NO_PROXY), strict=True):
        text = environment.get(name) or environment.get(other) or ""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        missing = [] if "*" in entries else [host for host in wanted if host not in entries]
        extended[name] = ",".join([*entries, *missing])
    return extended
