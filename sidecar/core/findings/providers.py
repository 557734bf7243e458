"""Decides which of an application's variables tell of which provider. The names are data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.base_variables import INLINED
from sidecar.core.findings.assignment import Assignment

_PUBLIC = "|".join(INLINED)


@dataclass(frozen=True, slots=True)
class Provider:
    """An API that has a preset."""

    name: str
    """Of its upstream and of its preset."""
    urls: re.Pattern[str]
    """Variables that hold its URL."""
    evidence: re.Pattern[str]
    """Variables that only somebody who calls it has."""
    variable: str
    """The usual one for its URL."""
    default: str | None
    """Its URL, where it is the same for all."""


SUPABASE = Provider(
    name="supabase",
    urls=re.compile(rf"(?:{_PUBLIC})?SUPABASE_(?:PROJECT_|API_)?URL"),
    evidence=re.compile(rf"(?:{_PUBLIC})?SUPABASE_(?:\w+_)?(?:KEY|SECRET)"),
    variable="SUPABASE_URL",
    default=None,
)
GEMINI = Provider(
    name="gemini",
    urls=re.compile(r"(?:GOOGLE_)?GEMINI_(?:API_)?(?:BASE_)?URL"),
    evidence=re.compile(r"(?:\w+_)?GEMINI_API_KEYS?|GOOGLE_(?:GENAI_|GENERATIVE_AI_)?API_KEY"),
    variable="GOOGLE_GEMINI_BASE_URL",
    default="https://generativelanguage.googleapis.com",
)
WHATSAPP = Provider(
    name="whatsapp",
    urls=re.compile(r"(?:WHATSAPP|WA|META|META_GRAPH|GRAPH)_(?:CLOUD_)?(?:API_)?(?:BASE_)?URL"),
    evidence=re.compile(
        r"WHATSAPP_(?:\w+_)?(?:TOKEN|SECRET|KEY|ID|VERSION)"
        r"|(?:META|WA)_(?:\w+_)?(?:TOKEN|SECRET|PHONE_ID|WABA_ID)"
        r"|(?:\w+_)?PHONE_NUMBER_IDS?"
    ),
    variable="WHATSAPP_BASE_URL",
    default="https://graph.facebook.com",
)
PROVIDERS = (SUPABASE, WHATSAPP, GEMINI)

MEDIA_NAME, MEDIA_URL = "whatsapp-media", "https://lookaside.fbsbx.com"
"""Where the Graph API has media downloaded from: an upstream of its own (presets/whatsapp.yaml)."""

_OTHER = re.compile(r"(?P<stem>[A-Z][A-Z0-9_]*?)_(?:API_BASE_URL|BASE_URL|API_URL|API_BASE)")
_RESERVED = frozenset({each.name for each in PROVIDERS} | {MEDIA_NAME})


def provider_of(name: str) -> Provider | None:
    """Whose variable this is, by its name."""
    return next((each for each in PROVIDERS if is_url(each, name) or _tells(each, name)), None)


def is_url(provider: Provider, name: str) -> bool:
    """Whether a variable of this name holds the provider's URL."""
    return provider.urls.fullmatch(name) is not None


def is_public(name: str) -> bool:
    """Whether a variable of this name ends up in browsers."""
    return name.startswith(INLINED)


def other_upstream(name: str) -> str | None:
    """What an upstream is called whose URL is in `STRIPE_API_URL` or the like; None for others."""
    found = None if is_public(name) else _OTHER.fullmatch(name)
    if found is None:
        return None
    upstream = found["stem"].lower().replace("_", "-").strip("-")
    return None if upstream in _RESERVED else upstream


def latest(assignments: tuple[Assignment, ...]) -> Mapping[str, Assignment]:
    """By name: the last assignment that has a value, or the first where none has."""
    found: dict[str, Assignment] = {}
    for each in assignments:
        if each.value or each.name not in found:
            found[each.name] = each
    return found


def _tells(provider: Provider, name: str) -> bool:
    return provider.evidence.fullmatch(name) is not None
