"""Reads how long a server asks to wait: Retry-After and its variants in milliseconds.

Returns what is said; the cap is the caller's.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_tz

from sidecar.exchange import RawHeaders

_NUMBER = re.compile(rb"\d{1,400}(\.\d{1,20})?")
_DATE = re.compile(rb"[A-Za-z]{3,9},? [\w :-]{8,40}")
_LONGEST_FIELD = 512
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_LONGEST_DURATION = 64

_MILLISECONDS = (b"retry-after-ms", b"x-ms-retry-after-ms")
"""What Azure and OpenAI send beside the standard field; more precise, so read first."""


def retry_after(headers: RawHeaders, wall: float) -> float | None:
    """Seconds to wait; 0 for a date that has passed, inf for more than a float can hold.

    None when the server does not say so in a usable form. RFC 9110 §10.2.3 has whole seconds or
    an HTTP-date (§5.6.7, the obsolete forms included); decimals are taken, signs are not.
    """
    found: dict[bytes, float] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in _MILLISECONDS or lower == b"retry-after":
            seconds = wait_in(lower, value, wall)
            if seconds is not None:
                found.setdefault(lower, seconds)
    for name in (*_MILLISECONDS, b"retry-after"):
        if name in found:
            return found[name]
    return None


def wait_in(name: bytes, value: bytes, wall: float) -> float | None:
    """Seconds in one field's value: a number, of milliseconds if `name` ends so, or a date."""
    text = value.strip()
    if len(text) > _LONGEST_FIELD:
        return None
    if _NUMBER.fullmatch(text):
        return float(text) / 1000 if name.lower().endswith(b"-ms") else float(text)
    return _until(text, wall) if _DATE.fullmatch(text) else None


def _until(text: bytes, wall: float) -> float | None:
    try:
        parsed = parsedate_tz(text.decode("ascii"))
        if parsed is None:
            return None
        instant = datetime(*parsed[:6], tzinfo=UTC).timestamp() - (parsed[9] or 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, instant - wall)


def duration(value: object) -> float | None:
    """Seconds in a JSON value: a number, "46s" (protobuf's JSON) or "9h54m" (Go's).

    None for anything else, for less than nothing, and for a number that is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value) if value >= 0 else None
        except OverflowError:
            return math.inf
    if isinstance(value, str) and value.isascii() and len(value) <= _LONGEST_DURATION:
        return _in_words(value.strip())
    return None


def _in_words(text: str) -> float | None:
    if _NUMBER.fullmatch(text.encode()):
        return float(text)
    parts = _DURATION.fullmatch(text)
    if parts is None or parts.lastindex is None:
        return None
    hours, minutes, seconds, thousandths = (float(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
