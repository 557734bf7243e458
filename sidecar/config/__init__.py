"""The configuration as frozen values, in the order of the YAML. Imports nothing else of ours.

Built by `sidecar.loader`; every default lives here.
"""

from sidecar.config.admin import Admin
from sidecar.config.advise import Advise
from sidecar.config.breaker import Breaker
from sidecar.config.cache import Cache, Prefetch, StaticAnswer
from sidecar.config.connecting import ClientTls, Dns, Pool, Timeouts
from sidecar.config.credentials import Credentials
from sidecar.config.dialect import DescribedDialect, DialectChoice, DialectName
from sidecar.config.drills import Drill, Drills
from sidecar.config.hedge import Hedge
from sidecar.config.ledger import Ledger
from sidecar.config.limit import Limit, Priority
from sidecar.config.log import Log
from sidecar.config.pace import Pace, PaceBackoff
from sidecar.config.queue import Callback, Dedup, Queue, Schedule
from sidecar.config.reload import Reload
from sidecar.config.retry import Retry, RetryBudget
from sidecar.config.returned_urls import ReturnedUrls
from sidecar.config.root import Config, Limits, Listen, ServerTls
from sidecar.config.spool import RedisSpool, SpoolConfig, SqliteSpool
from sidecar.config.stores import MemoryStore, RedisStore, SharedStore, SqliteStore, Stores
from sidecar.config.tables import TableNames
from sidecar.config.upstream import (
    INHERITED,
    ErrorShape,
    Match,
    Route,
    Upstream,
    default_route,
)
from sidecar.config.values import DEFAULT_ROUTE, RESERVED, Address
from sidecar.config.websocket import Websocket

__all__ = [
    "DEFAULT_ROUTE",
    "INHERITED",
    "RESERVED",
    "Address",
    "Admin",
    "Advise",
    "Breaker",
    "Cache",
    "Callback",
    "ClientTls",
    "Config",
    "Credentials",
    "Dedup",
    "DescribedDialect",
    "DialectChoice",
    "DialectName",
    "Dns",
    "Drill",
    "Drills",
    "ErrorShape",
    "Hedge",
    "Ledger",
    "Limit",
    "Limits",
    "Listen",
    "Log",
    "Match",
    "MemoryStore",
    "Pace",
    "PaceBackoff",
    "Pool",
    "Prefetch",
    "Priority",
    "Queue",
    "RedisSpool",
    "RedisStore",
    "Reload",
    "Retry",
    "RetryBudget",
    "ReturnedUrls",
    "Route",
    "Schedule",
    "ServerTls",
    "SharedStore",
    "SpoolConfig",
    "SqliteSpool",
    "SqliteStore",
    "StaticAnswer",
    "Stores",
    "TableNames",
    "Timeouts",
    "Upstream",
    "Websocket",
    "default_route",
]
