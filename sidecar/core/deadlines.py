"""Decides which deadline a client announces.

`X-Server-Timeout` is what Google's clients send when a timeout is set: whole or decimal seconds.
"""

import math

from sidecar.exchange import RawHeaders


def announced(headers: RawHeaders) -> float | None:
    """Seconds that the client will wait, or None when it does not say so in a usable form."""
    for name, value in headers:
        if len(name) == 16 and name.lower() == b"x-server-timeout":
            try:
                seconds = float(value)
            except ValueError:
                return None
            return seconds if math.isfinite(seconds) and seconds > 0 else None
    return None
