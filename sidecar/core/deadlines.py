"""Decides which deadline a client announces, and what of it is told to the upstream.

`X-Server-Timeout` is what Google's clients send when a timeout is set: whole seconds, rounded up
(python-genai, js-genai). `X-Sidecar-Timeout` says the same to the sidecar alone.
"""

import math
import re

from sidecar.core.headers import is_instruction
from sidecar.exchange import RawHeaders

_SECONDS = re.compile(rb"[0-9]{1,9}(\.[0-9]{1,9})?")
_SPAN = re.compile(rb"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)?")
_UNITS = {b"ms": 0.001, b"s": 1.0, b"m": 60.0}

_SERVER = b"x-server-timeout"
_OWN = b"x-sidecar-timeout"

_XS = frozenset((b"x-s", b"X-s", b"x-S", b"X-S"))
"""How every name begins that is read here. Most others differ in their first byte."""


def announced(headers: RawHeaders) -> float | None:
    """Seconds that the client will wait: the shortest of what it says in a usable form, or None.

    Of each field the first counts. Zero and what is no number of seconds say nothing.
    """
    fields = [field for field in headers if field[0][:3] in _XS]
    if not fields:
        return None
    found: dict[bytes, float] = {}
    for name, value in fields:
        lower = name.lower()
        if lower not in found and lower in _READERS:
            found[lower] = _READERS[lower](value)
    return min((seconds for seconds in found.values() if seconds > 0), default=None)


def _server_timeout(value: bytes) -> float:
    return float(value) if _SECONDS.fullmatch(value.strip(b" \t")) else 0.0


def _own_timeout(value: bytes) -> float:
    """`2.5`, `2500ms`, `2s`, `1m`."""
    match = _SPAN.fullmatch(value.strip(b" \t"))
    return float(match[1]) * _UNITS[match[2] or b"s"] if match is not None else 0.0


_READERS = {_SERVER: _server_timeout, _OWN: _own_timeout}


def outgoing(headers: RawHeaders, left: float) -> RawHeaders:
    """A request's fields as one attempt sends them; the same list where nothing changes.

    Fields for the sidecar itself stay here. A usable X-Server-Timeout becomes what is left for
    this attempt, in whole seconds if it came so and in thousandths otherwise, rounded up: the
    upstream should not work for longer than anybody waits.

    Args:
        headers: end-to-end fields.
        left: seconds to the deadline.
    """
    for name, _ in headers:
        if name[:3] in _XS and (is_instruction(name) or name.lower() == _SERVER):
            return [
                (name, _rest(value, left) if name.lower() == _SERVER else value)
                for name, value in headers
                if not is_instruction(name)
            ]
    return headers


def _rest(value: bytes, left: float) -> bytes:
    if not _server_timeout(value) or not math.isfinite(left):
        return value
    if b"." not in value:
        return b"%d" % max(1, math.ceil(left))
    return b"%.3f" % max(0.001, math.ceil(left * 1000) / 1000)
