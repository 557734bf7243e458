"""Caching for as long as the configuration says, whatever the upstream's headers do not forbid.

Pure. Public APIs rarely send usable headers; `no-store` is respected, and `Vary`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.cache import directives as cc
from sidecar.core.cache.directives import Directives
from sidecar.core.cache.merging import (
    KEEP,
    conditions_for,
    has_validator,
)
from sidecar.core.cache.model import Entry, Head, Plan, Use
from sidecar.core.cache.vary import names_of
from sidecar.exchange import Request

_NEVER = frozenset((206, 304, 429))
_SERVE = Use("serve")


@dataclass(frozen=True, slots=True)
class Forced:
    """The rules of one route whose lifetimes are configured. Seconds."""

    ttl: float
    negative: Mapping[int, float]
    """By status."""
    stale_while: float = 0.0
    stale_error: float = 0.0
    varies_on: frozenset[bytes] = frozenset()
    """Lower-case names of request headers that are part of the key already."""
    override_no_store: bool = False
    """Whether the upstream's `no-store` is not heeded."""

    def lookup(self, entry: Entry | None, request: Request, now: float) -> Use:
        """Fresh is served; stale is served while it is renewed; else the upstream is asked.

        A request can ask for a fresher answer (`no-cache`, `max-age`), or for none but a stored
        one (`only-if-cached`; RFC 9111 §5.2.1).
        """
        asked = cc.of(request.headers)
        if entry is not None and asked is cc.NONE and now < entry.fresh_until:
            return _SERVE
        only = "only-if-cached" in asked
        if entry is None:
            return Use("refuse") if only else Use("ask", "miss")
        late = now - entry.fresh_until
        fresher = "no-cache" in asked or _is_too_old(entry, asked, now)
        if late < 0 and not fresher:
            return _SERVE
        if 0 < entry.plan.stale_while > late and not fresher:
            return Use("serve_and_refresh", "stale", conditions_for(entry))
        if only:
            return Use("refuse")
        on_error = 0 < entry.plan.stale_error > late
        return Use("ask", "request" if late < 0 else "stale", conditions_for(entry), on_error)

    def plan(
        self, request: Request, response: Head, asked_at: float, received_at: float
    ) -> Plan | None:
        """By status; never a 5xx, a 429, a part, what sets a cookie, nor what says `no-store`."""
        said = cc.of(response.headers)
        status = response.status
        if status in _NEVER or status >= 500:
            return None
        if "no-store" in said and not self.override_no_store:
            return None
        if "no-store" in cc.of(request.headers) or cc.values_of(response.headers, b"set-cookie"):
            return None
        lifetime = self.ttl if status == 200 else self.negative.get(status, 0.0)
        vary = names_of(response.headers)
        if lifetime <= 0 or vary is None:
            return None
        good = status == 200
        return Plan(
            lifetime=lifetime,
            stale_while=self.stale_while if good else 0.0,
            stale_error=self.stale_error if good else 0.0,
            vary=tuple(name for name in vary if name not in self.varies_on),
            keep=KEEP if has_validator(response.headers) else 0.0,
        )


def _is_too_old(entry: Entry, asked: Directives, now: float) -> bool:
    most = asked.seconds("max-age")
    return most is not None and entry.age(now) > most
