"""The configuration as frozen values, in the order of the YAML. Imports nothing else of ours.

Built by `sidecar.loader`; every default lives here.
"""

from sidecar.config.root import Config, Limits, Listen, Log, ServerTls
from sidecar.config.upstream import (
    ClientTls,
    Dns,
    ErrorShape,
    Match,
    Pool,
    Route,
    Timeouts,
    Upstream,
)
from sidecar.config.values import DEFAULT_ROUTE, RESERVED, Address

__all__ = [
    "DEFAULT_ROUTE",
    "RESERVED",
    "Address",
    "ClientTls",
    "Config",
    "Dns",
    "ErrorShape",
    "Limits",
    "Listen",
    "Log",
    "Match",
    "Pool",
    "Route",
    "ServerTls",
    "Timeouts",
    "Upstream",
]
