"""Names for deliveries: they sort by time, and nobody can guess one.

They are shown to whoever may see the delivery, so they say nothing but the instant.
"""

import re
import secrets

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit."""
_TIME = 12
_RANDOM = 24
_PATTERN = re.compile(rf"[{_DIGITS}]{{{_TIME + _RANDOM}}}")


class Identities:
    """Makes ids, each greater than the one before, also where the clock goes back."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def new(self, wall: float) -> str:
        """An id for what is accepted at that instant: its microseconds, then 120 random bits."""
        self._last = max(self._last + 1, int(wall * 1e6))
        return _digits(self._last, _TIME) + _digits(secrets.randbits(5 * _RANDOM), _RANDOM)


def is_id(text: str) -> bool:
    """Whether a text may be one."""
    return _PATTERN.fullmatch(text) is not None


def _digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
