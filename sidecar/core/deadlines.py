"""Decides which deadline a client announces.

`X-Server-Timeout` is what Google's clients send when a timeout is set: whole or decimal seconds.
"""

import re

from sidecar.exchange import RawHeaders

_SECONDS = re.compile(rb"\d{1,9}(\.\d{1,9})?")


def announced(headers: RawHeaders) -> float | None:
    """Seconds that the client will wait, or None when it does not say so in a usable form."""
    for name, value in headers:
        if len(name) == 16 and name.lower() == b"x-server-timeout":
            seconds = float(value) if _SECONDS.fullmatch(value.strip()) else 0.0
            return seconds or None
    return None
