"""Decides when two ways of writing a value mean the same to PostgreSQL.

A tag names the value of a column, whose type is not known here. So a value has a safe form only if
every other way to write it has the same one, whatever the type. To merge values that differ is
harmless: it drops an answer too many. Source: PostgreSQL documentation, §4.1.2, §8.1 ff.
"""

import re

_INTEGER = re.compile(r"0|-?[1-9]\d{0,17}")
_UUID = re.compile(r"[0-9a-f]{32}")
_WORD = re.compile(r"[a-z_][a-z0-9_@-]{0,63}")
_LONG = re.compile(
    r"(?!0[xo][0_]*[0-9a-f_]{0,24}$)"  # since PostgreSQL 16 a number, as is `1_000`
    r"(?!\d{8}t|\d{4}-\d\d-\d\d)"  # the beginning of an instant
    r"(?=.*[g-z@])[0-9][a-z0-9_@-]{15,63}"
)
"""What begins with a digit and is too long and too mixed for a number, a date or an interval."""
_DATE = re.compile(r"(?:.*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec).*\d.*)|[jyp]\d.*")
_LONGEST = 64
"""Characters. A longer value has no form, and is not looked at: that could take for ever."""
_SPECIAL = frozenset(("inf", "infinity", "nan", "now", "today", "tomorrow", "yesterday", "epoch"))
_SAME = {
    **dict.fromkeys(("1", "t", "tr", "tru", "true", "y", "ye", "yes", "on"), "true"),
    **dict.fromkeys(("0", "f", "fa", "fal", "fals", "false", "n", "no", "of", "off"), "false"),
    "unknown": "null",
}
"""Booleans are written in many ways; a number that is merged with one stays a number."""


def normalised(value: str) -> str | None:
    """A form that is the same for all ways to write this value; None where that is unsure.

    Case is dropped, because a column may ignore it.
    """
    text = value.lower()
    if len(text) > _LONGEST:
        return None
    if text in _SAME:
        return _SAME[text]
    if _INTEGER.fullmatch(text):
        return text
    digits = text.replace("-", "")
    if _UUID.fullmatch(digits):
        return digits
    if text in _SPECIAL or _DATE.fullmatch(text):
        return None
    return text if _WORD.fullmatch(text) or _LONG.fullmatch(text) else None
