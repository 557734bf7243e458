"""The admin listener: for the people who run the sidecar. Looks at what is kept, and changes it.

`guard.py` decides who may; each other file is one group of endpoints.
"""

from sidecar.admin.app import make_admin_app
from sidecar.admin.breakers import BreakerControl, breaker_endpoints
from sidecar.admin.cache import CacheControl, cache_endpoints
from sidecar.admin.drills import drill_endpoints
from sidecar.admin.endpoint import Answer, Endpoint, Refused

__all__ = [
    "Answer",
    "BreakerControl",
    "CacheControl",
    "Endpoint",
    "Refused",
    "breaker_endpoints",
    "cache_endpoints",
    "drill_endpoints",
    "make_admin_app",
]
