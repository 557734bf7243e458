"""The request's `Prefer` (RFC 7240), `Accept`, `Range` and profile headers as values. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sidecar.demo.supabase.postgrest.errors import PostgrestError

JSON = "application/json"
OBJECT = "application/vnd.pgrst.object+json"
CSV = "text/csv"
_PRODUCED = {
    "*/*": JSON,
    "application/*": JSON,
    JSON: JSON,
    "application/vnd.pgrst.array+json": JSON,
    OBJECT: OBJECT,
    CSV: CSV,
}
_KNOWN = {
    "return": ("representation", "minimal", "headers-only"),
    "count": ("exact", "planned", "estimated"),
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "missing": ("default", "null"),
    "handling": ("strict", "lenient"),
    "tx": ("commit", "rollback"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the client prefers; "" where it says nothing."""

    values: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def applied(self) -> str:
        """The value of `Preference-Applied`."""
        shown = {name: value for name, value in self.values.items() if name != "missing"}
        return ", ".join(f"{name}={value}" for name, value in shown.items())


def preferences(fields: Iterable[str]) -> Preferences:
    """Read every `Prefer` field.

    Raises:
        PostgrestError: PGRST122, `handling=strict` and a preference that nobody knows.
    """
    values, unknown = {}, []
    for item in (part.strip() for text in fields for part in text.split(",")):
        name, _, value = item.partition("=")
        if value in _KNOWN.get(name, ()):
            values[name] = value
        elif item:
            unknown.append(item)
    if unknown and values.get("handling") == "strict":
        raise PostgrestError(
            "PGRST122",
            "Invalid preferences given with handling=strict",
            details=f"Invalid preferences: {', '.join(unknown)}",
        )
    return Preferences(values)


def media_type(accept: str) -> tuple[str, bool]:
    """What to produce, and whether NULLs are to be left out.

    Raises:
        PostgrestError: PGRST107, nothing that the client accepts can be made.
    """
    for item in accept.split(",") if accept else ["*/*"]:
        name, *parameters = [part.strip() for part in item.split(";")]
        if produced := _PRODUCED.get(name.lower()):
            return produced, "nulls=stripped" in parameters
    raise PostgrestError("PGRST107", f"None of these media types are available: {accept}")


def item_range(text: str) -> tuple[int, int | None] | None:
    """Offset and limit of a `Range` header in items, as `0-9` or `10-`; None if it is neither."""
    match = re.fullmatch(r"(?:items=)?(\d+)-(\d*)", text.strip())
    if match is None:
        return None
    first = int(match[1])
    return first, int(match[2]) - first + 1 if match[2] else None


def content_range(offset: int, shown: int, total: int | None) -> str:
    """The value of `Content-Range`."""
    span = f"{offset}-{offset + shown - 1}" if shown else "*"
    return f"{span}/{'*' if total is None else total}"
