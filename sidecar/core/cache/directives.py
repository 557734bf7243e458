"""Reads Cache-Control, and the age beside it. Never raises, whatever the bytes.

Source: RFC 9111 §1.2.2 (delta-seconds), §4.2.1 (what is invalid or given twice), §5.2.
"""

import re
from dataclasses import dataclass

from sidecar.exchange import RawHeaders

LONGEST = 2**31
"""What a number that is too large stands for (§1.2.2)."""
_DIRECTIVE = re.compile(
    rb"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)     # its name
         (?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?  # its argument, quoted or not
         \s*(?:,|$)""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(rb"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)")
_DELTA = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Directives:
    """What all fields of one name say together."""

    found: dict[str, list[str | None]]
    """Every argument that was given for a directive, in order; None for none."""

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def seconds(self, name: str) -> int | None:
        """The smallest number given; 0 where one is not a number; None without the directive.

        The strictest reading wins: §4.2.1 lets a response with conflicting or invalid freshness
        be taken for stale.
        """
        given = self.found.get(name)
        if given is None:
            return None
        return min(_delta(argument) for argument in given)


def _delta(argument: str | None) -> int:
    if argument is None or not _DELTA.fullmatch(argument):
        return 0
    return min(int(argument.lstrip("0")[:12] or "0"), LONGEST)


def parse(values: list[bytes]) -> Directives:
    """The directives in the values of `Cache-Control`.

    Of what is malformed, the name alone is taken: `no-store; x` still says `no-store`.
    """
    found: dict[str, list[str | None]] = {}
    for value in values:
        at = 0
        while at < len(value):
            match = _DIRECTIVE.match(value, at)
            if match is None:
                if token := _NAME.match(value, at):
                    found.setdefault(token[1].decode("ascii").lower(), []).append(None)
                comma = value.find(b",", at)
                at = len(value) if comma < 0 else comma + 1
                continue
            at = match.end()
            name, quoted, plain = match.groups()
            argument = plain if quoted is None else re.sub(rb"\\(.)", rb"\1", quoted)
            text = None if argument is None else argument.decode("latin-1")
            found.setdefault(name.decode("ascii").lower(), []).append(text)
    return Directives(found)


NONE = Directives({})
"""What a message without the field says."""


def of(headers: RawHeaders) -> Directives:
    """The directives of a message."""
    values = values_of(headers, b"cache-control")
    return parse(values) if values else NONE


def values_of(headers: RawHeaders, name: bytes) -> list[bytes]:
    """The values of all fields of a lower-case name."""
    length = len(name)
    return [value for field, value in headers if len(field) == length and field.lower() == name]


def value_of(headers: RawHeaders, name: bytes) -> bytes | None:
    """The value of the first field of a lower-case name."""
    return next(iter(values_of(headers, name)), None)


def age_of(headers: RawHeaders) -> float:
    """Seconds in `Age`; 0 without one; as old as can be where it is not one number.

    §5.1 has a cache use the first of several and ignore what is invalid. Who sends such a field
    does not know how old the response is: it is safer to ask again, and always allowed (§4.2.4).
    """
    values = values_of(headers, b"age")
    if not values:
        return 0.0
    text = values[0].strip().decode("latin-1")
    if len(values) > 1 or not _DELTA.fullmatch(text):
        return float(LONGEST)
    return float(_delta(text))


def to_be_asked(headers: RawHeaders) -> RawHeaders:
    """The fields of a request that goes on although it wanted what is stored only (§5.2.1.7).

    The next cache would hold itself to that, and answer 504.
    """
    return [
        (name, value)
        for name, value in headers
        if name.lower() != b"cache-control" or "only-if-cached" not in parse([value])
    ]
