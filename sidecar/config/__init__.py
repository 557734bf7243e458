"""The configuration as frozen values, in the order of the YAML. Imports nothing else of ours.

Built by `sidecar.loader`; every default lives here.
"""

from sidecar.config.retry import Retry, RetryBudget
from sidecar.config.root import Config, Limits, Listen, Log, ServerTls
from sidecar.config.upstream import (
    ClientTls,
    DialectName,
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
    "DialectName",
    "Dns",
    "ErrorShape",
    "Limits",
    "Listen",
    "Log",
    "Match",
    "Pool",
    "Retry",
    "RetryBudget",
    "Route",
    "ServerTls",
    "Timeouts",
    "Upstream",
]
