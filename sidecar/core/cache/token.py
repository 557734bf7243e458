"""Reads when a request's token ends, and of whom it is, so that no answer outlives it.

The token is not verified: `exp` only ever shortens a lifetime, and whom it names only ever drops
what is stored. Source: RFC 7519 §4.1.2, §4.1.4, RFC 6750 §2.
"""

import base64
import re
from collections.abc import Iterator

from sidecar.core.cache.credentials import names_a_credential
from sidecar.core.cache.model import Plan
from sidecar.core.json_path import Json, parsed
from sidecar.exchange import Request

_LONGEST = 16 * 1024
_JWT = re.compile(rb"(?:(?<![\w-])|(?<=%[0-9A-Fa-f]{2}))ey[\w-]+\.(ey[\w-]+)\.[\w-]*")
"""Three parts, of which two are JSON objects: in base64 those begin so. In a cookie or a query,
what is before it may be encoded: `Bearer%20ey…`, `[%22ey…`."""


def expires_at(request: Request) -> float | None:
    """Wall-clock seconds of the earliest `exp` in the request's tokens; None without one."""
    found = (_exp(claims) for claims in _claims(request))
    return min((instant for instant in found if instant is not None), default=None)


def subjects(request: Request) -> list[str]:
    """Whom the request's tokens name (`sub`): all sessions of one user have the same."""
    found = (claims.get("sub") for claims in _claims(request))
    return [subject for subject in found if isinstance(subject, str)]


def capped(plan: Plan, request: Request, received_at: float) -> Plan | None:
    """The plan, ending with the request's token; None if the token has ended already."""
    end = expires_at(request)
    if end is None:
        return plan
    left = end - received_at
    if left <= 0:
        return None
    lifetime = min(plan.lifetime, plan.age + left)
    after = left - (lifetime - plan.age)
    return plan._replace(
        lifetime=lifetime,
        stale_while=min(plan.stale_while, after),
        stale_error=min(plan.stale_error, after),
        keep=min(plan.keep, after),
    )


def _claims(request: Request) -> Iterator[dict[str, Json]]:
    places = [value for name, value in request.headers if names_a_credential(name)]
    places.append(request.target.partition("?")[2].encode("utf-8", "surrogateescape"))
    for place in places:
        for payload in _JWT.findall(place[:_LONGEST]):
            try:
                found = parsed(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
            except ValueError:  # not base64
                continue
            if isinstance(found, dict):
                yield found


def _exp(claims: dict[str, Json]) -> float | None:
    exp = claims.get("exp")
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        return None
    return float(max(-(2**53), min(exp, 2**53)))  # what is no number has ended
