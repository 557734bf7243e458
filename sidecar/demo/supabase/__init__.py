"""A simulated Supabase project: REST, auth, storage and functions, all in memory.

Faithful enough for the official SDKs. `make_app` is all that others need.
"""

from sidecar.demo.supabase.app import make_app
from sidecar.demo.supabase.caller import ANON_KEY, DEMO, SERVICE_KEY

__all__ = ["ANON_KEY", "DEMO", "SERVICE_KEY", "make_app"]
