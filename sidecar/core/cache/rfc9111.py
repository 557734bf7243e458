"""RFC 9111 as a shared cache: when what is stored may be served, and when it must be asked for.

Pure. Sections without another name are of RFC 9111.
"""

from dataclasses import dataclass

from sidecar.core.cache import directives as cc
from sidecar.core.cache.directives import Directives
from sidecar.core.cache.freshness import (
    IMPLIES_REVALIDATION,
    initial_age,
    is_pragma_no_cache,
    lifetime_of,
)
from sidecar.core.cache.merging import (
    KEEP,
    conditions_for,
    has_validator,
)
from sidecar.core.cache.model import Entry, Head, Plan, Reason, Use
from sidecar.core.cache.storable import may_be_stored
from sidecar.core.cache.vary import names_of
from sidecar.exchange import RawHeaders, Request


@dataclass(frozen=True, slots=True)
class Rfc9111:
    """The rules of a shared cache. Seconds."""

    stale_while: float = 0.0
    """What is assumed where the response does not say `stale-while-revalidate`."""
    stale_error: float = 0.0
    """What is assumed where the response does not say `stale-if-error`."""

    def lookup(self, entry: Entry | None, request: Request, now: float) -> Use:
        """§4: serve what is fresh, or may be served stale; else ask, conditionally if possible."""
        asked = cc.of(request.headers)
        if entry is None:
            return _nothing(asked)
        if _demands_validation(request.headers, asked, entry, now):
            return _ask(entry, "request" if _is_fresh(entry, now) else "stale", now, asked)
        if _is_fresh(entry, now) and not entry.plan.ask_first:
            return Use("serve")
        return self._stale(entry, asked, now)

    def _stale(self, entry: Entry, asked: Directives, now: float) -> Use:
        plan = entry.plan
        late = now - entry.fresh_until
        if not plan.ask_first and not plan.never_stale:
            if "max-stale" in asked and late <= _max_stale(asked):
                return Use("serve")
            if 0 < plan.stale_while >= late:
                return Use("serve_and_refresh", "stale", conditions_for(entry))
        return _ask(entry, "stale", now, asked)

    def plan(
        self, request: Request, response: Head, asked_at: float, received_at: float
    ) -> Plan | None:
        """§3: whether it may be stored, and §4.2: how long it is fresh."""
        said = cc.of(response.headers)
        if not may_be_stored(request, response, said):
            return None
        vary = names_of(response.headers)
        if vary is None:  # `*`: nothing selects it but itself (§4.1)
            return None
        lifetime = lifetime_of(response, said, received_at)
        validator = has_validator(response.headers)
        ask_first = "no-cache" in said or (not said.found and is_pragma_no_cache(response.headers))
        never_stale = ask_first or any(name in said for name in IMPLIES_REVALIDATION)
        age = initial_age(response.headers, asked_at, received_at)
        assumed = self.stale_while if lifetime > 0 else 0.0
        plan = Plan(
            lifetime=lifetime,
            age=age,
            stale_while=_told(said, "stale-while-revalidate", assumed),
            stale_error=0.0 if never_stale else _told(said, "stale-if-error", self.stale_error),
            ask_first=ask_first,
            never_stale=never_stale,
            vary=vary,
            keep=KEEP if validator or (lifetime > 0 and not never_stale) else 0.0,
        )
        return plan if lifetime > age or plan.keep or plan.stale_error else None


def _told(said: Directives, name: str, assumed: float) -> float:
    """RFC 5861: what the response says, or else what the configuration does (§4.2.4)."""
    told = said.seconds(name)
    return assumed if told is None else float(told)


def _nothing(asked: Directives) -> Use:
    return Use("refuse") if "only-if-cached" in asked else Use("ask", "miss")


def _ask(entry: Entry, reason: Reason, now: float, asked: Directives) -> Use:
    if "only-if-cached" in asked:
        return Use("refuse")
    window = max(entry.plan.stale_error, float(asked.seconds("stale-if-error") or 0))
    on_error = not entry.plan.never_stale and 0 < window > now - entry.fresh_until
    return Use("ask", reason, conditions_for(entry), on_error)


def _is_fresh(entry: Entry, now: float) -> bool:
    return entry.plan.lifetime > entry.age(now)


def _demands_validation(headers: RawHeaders, asked: Directives, entry: Entry, now: float) -> bool:
    """Whether the request itself rules out what is stored (§5.2.1)."""
    if "no-cache" in asked:
        return True
    if not asked.found and is_pragma_no_cache(headers):
        return True
    age = entry.age(now)
    max_age = asked.seconds("max-age")
    if max_age is not None and age > max_age:
        return "max-stale" not in asked or age > max_age + _max_stale(asked)
    min_fresh = asked.seconds("min-fresh")
    return min_fresh is not None and entry.plan.lifetime - age < min_fresh


def _max_stale(asked: Directives) -> float:
    """§5.2.1.2: without an argument, of any age."""
    if None in asked.found["max-stale"]:
        return float("inf")
    return float(asked.seconds("max-stale") or 0)
