"""WebSockets: whether they pass, how many, for how long. Field docstrings are the reference."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from sidecar.config.strict import STRICT
from sidecar.config.values import Count, Flag, Timeout


@dataclass(frozen=True, slots=True)
class Websocket:
    """WebSockets through the sidecar: the bytes of both sides pass as they are.

    The handshake is a call like any other; `timeouts` hold for it and end with it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    enabled: Flag = True
    """Whether they pass at all. Where not, a handshake is answered 501 (`upgrade_unsupported`)."""
    max_open: Count = 1000
    """How many may be open at once, over all routes of the upstream; more are refused
    (`limit_full`). They are counted neither by `limit` nor by `pool.max_connections`."""
    idle: Timeout = 900.0
    """One on which neither side has sent a byte for so long is closed (1001). The pings of either
    side count, so only one that nobody keeps alive is idle."""
    keep_alive: Timeout = 30.0
    """After so much silence the system asks either side for a sign of life (TCP keep-alive), and
    after three in vain the connection is taken for dead. Nothing is added to what is sent."""
