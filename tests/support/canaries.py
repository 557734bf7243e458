"""Secrets that are told apart: one for each place where a secret can be, and who is shown which."""

import base64
from collections.abc import Mapping

IN_REQUESTS = (
    "authorization",
    "apikey",
    "cookie",
    "query",
    "signed",
    "body",
    "path",
    "idempotency",
    "userinfo",
    "fragment",
    "refused",
    "unframed",
    "trailer",
    "upstreambody",
    "setcookie",
)
"""What the application says, and what the upstream says to it."""
HELD = ("configured", "redis", "admin", "store", "spool", "collector", "callback")
"""What the sidecar is told itself."""
IN_THE_STORE = {"upstreambody", "setcookie", "path"}
"""What an upstream answered is kept there, with the path of the call (docs/security.md)."""


def canary(place: str) -> str:
    """A word without any look of a secret: no pattern finds it, only not being shown hides it."""
    return f"canary{place}"


SPOOL_KEY = base64.b64encode(canary("spool").ljust(32).encode()).decode()
JWT = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{canary('path')}"
ENVIRONMENT: Mapping[str, str] = {
    "UPSTREAM_KEY": canary("configured"),
    "ADMIN_TOKEN": canary("admin") + "-of-the-listener",
    "STORE_SECRET": canary("store"),
    "SPOOL_KEY": SPOOL_KEY,
    "COLLECTOR_TOKEN": canary("collector"),
    "CALLBACK_SECRET": canary("callback"),
}


def found(data: bytes) -> set[str]:
    """The places whose secrets are in it."""
    text = data.decode("latin-1")
    secrets = {place: canary(place) for place in (*IN_REQUESTS, *HELD)}
    secrets |= {"spool": SPOOL_KEY}
    return {place for place, secret in secrets.items() if secret in text}
