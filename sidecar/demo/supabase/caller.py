"""Who calls: the API key that opens the gateway, and the role and user that the token names.

Pure. Each service words its own refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.demo.supabase.ids import uuid_of
from sidecar.demo.supabase.jwt import BadTokenError, verify

ANON_KEY = "sb_publishable_demo"
SERVICE_KEY = "sb_secret_demo"
DEMO = "demo"
"""Works as an API key and as the token of the first user, so that curl needs no sign-in."""

_ROLES = {ANON_KEY: "anon", DEMO: "anon", SERVICE_KEY: "service_role"}


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made."""

    role: str
    user: str = ""
    """The `sub` claim; "" for a key alone."""
    claims: Mapping[str, Any] = field(default_factory=dict)


def role_of_key(key: str, now: float) -> str | None:
    """The role that an API key stands for; None if the project does not know the key."""
    if role := _ROLES.get(key):
        return role
    try:
        return str(verify(key, now).get("role", "anon"))
    except BadTokenError:
        return None


def caller_of(authorization: str | None, key: str, now: float) -> Caller:
    """The caller by its bearer token, or by its API key where there is none.

    Raises:
        BadTokenError: the token is neither a key of the project nor signed by it.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return Caller(role_of_key(key, now) or "anon")
    if token == DEMO:
        return Caller("authenticated", uuid_of("auth-user", 1))
    if role := _ROLES.get(token):
        return Caller(role)
    claims = verify(token, now)
    return Caller(str(claims.get("role", "anon")), str(claims.get("sub", "")), claims)
