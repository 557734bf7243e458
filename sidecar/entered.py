"""How the application reached the sidecar: what a URL must look like to lead there again."""

from typing import Literal, NamedTuple

Way = Literal["prefix", "host", "port"]
"""By what the upstream was chosen: the first segment of the path, the `Host` header, or a listener
of its own."""


class Entered(NamedTuple):
    """Where one request came in."""

    by: Way
    host: str
    """The `Host` header as the client sent it, with its port; "" where there was none."""
    tls: bool = False
