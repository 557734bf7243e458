"""HTTP-dates as seconds and back (RFC 9110 §5.6.7). Never raises, whatever the bytes.

Sections without another name are of RFC 9110.
"""

import re
from calendar import monthrange, timegm

from sidecar.core.cache.directives import values_of
from sidecar.exchange import RawHeaders

_MONTHS = tuple(b"jan feb mar apr may jun jul aug sep oct nov dec".split())
_WEEKDAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTH = b"(?P<month>" + b"|".join(_MONTHS) + b")"
_TIME = rb"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
_FORMS = tuple(
    re.compile(form % (_MONTH, _TIME), re.IGNORECASE)
    for form in (
        rb"(?:mon|tue|wed|thu|fri|sat|sun), (?P<day>\d\d) %b (?P<year>\d{4}) %b GMT",
        rb"(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?P<day>\d\d)-%b-(?P<year>\d\d) %b GMT",
        rb"(?:mon|tue|wed|thu|fri|sat|sun) %b (?P<day>[ \d]\d) %b (?P<year>\d{4})",
    )
)
"""IMF-fixdate, and the two obsolete forms."""
_STRONG = 1.0
"""Seconds from `Last-Modified` to `Date`: if less, it may have changed again within the second that
the former names (§8.8.2.2)."""


def http_date(value: bytes) -> float | None:
    """Wall-clock seconds of an HTTP-date; None for anything else.

    A year of two digits is one of 1970 to 2069.
    """
    text = value.strip()
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    year, day = int(found["year"]), int(found["day"])
    if len(found["year"]) == 2:
        year += 2000 if year < 70 else 1900
    month = _MONTHS.index(found["month"].lower()) + 1
    if year < 1 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    clock = (int(found["hour"]), int(found["minute"]), int(found["second"]))
    return float(timegm((year, month, day, *clock)))


def format_date(wall: float) -> bytes:
    """The HTTP-date of an instant."""
    days, second = divmod(int(wall), 86400)
    year, month, day = _civil(days)
    weekday, name = _WEEKDAYS[(days + 3) % 7], _MONTHS[month - 1].title()
    clock = (second // 3600, second // 60 % 60, second % 60)
    return b"%b, %02d %b %04d %02d:%02d:%02d GMT" % (weekday, day, name, year, *clock)


def _civil(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01.

    Source: Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    """
    era, of_era = divmod(days + 719468, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153  # months since March
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def date_of(headers: RawHeaders, name: bytes) -> float | None:
    """Wall-clock seconds in the only field of that lower-case name; None if it is none."""
    values = values_of(headers, name)
    return http_date(values[0]) if len(values) == 1 else None


def strong_date(headers: RawHeaders) -> float | None:
    """Wall-clock seconds of `Last-Modified`, where whatever was changed later has a later one."""
    modified, made = date_of(headers, b"last-modified"), date_of(headers, b"date")
    if modified is None or made is None or modified > made - _STRONG:
        return None
    return modified
