"""JSON Web Tokens signed with HS256 (RFC 7519), by the standard library alone. Pure.

The secret is public: these tokens open nothing but a simulator.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from sidecar.faults.supabase import JWT_EXPIRED

_KEY = b"not-a-secret: it signs the tokens of the simulated project"
_HEADER = {"alg": "HS256", "kid": "sidecar-demo", "typ": "JWT"}


class BadTokenError(Exception):
    """The token is malformed, of another issuer, or expired; the text says which."""


def sign(claims: Mapping[str, Any]) -> str:
    """The compact form of `claims`."""
    signed = f"{_part(_HEADER)}.{_part(claims)}"
    return f"{signed}.{_base64(_mac(signed))}"


def verify(token: str, now: float) -> Mapping[str, Any]:
    """The claims of a token that was signed here and has not expired at `now` (Unix seconds).

    Raises:
        BadTokenError: it cannot be accepted.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise BadTokenError(f"Expected 3 parts in JWT; got {len(parts)}")
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_base64(_mac(signed)).encode(), signature.encode()):
        raise BadTokenError("No suitable key or wrong key type")
    claims = _read(parts[1])
    if claims.get("exp", now) < now:
        raise BadTokenError(JWT_EXPIRED)
    return claims


def _read(part: str) -> Mapping[str, Any]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("JWT cannot be decoded") from error
    return claims if isinstance(claims, dict) else {}


def _mac(signed: str) -> bytes:
    return hmac.digest(_KEY, signed.encode(), hashlib.sha256)


def _part(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
