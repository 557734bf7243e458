"""Adds up the figures of all parts, for the report. Knows who counts what; decides nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sidecar.core.report import Totals
from sidecar.telemetry.breaker_stats import BreakerStats
from sidecar.telemetry.cache_stats import CacheStats
from sidecar.telemetry.delivery_stats import DeliveryStats
from sidecar.telemetry.hedge_stats import HedgeStats
from sidecar.telemetry.ledger_stats import LedgerStats
from sidecar.telemetry.media_stats import MediaStats
from sidecar.telemetry.pace_stats import PaceStats
from sidecar.telemetry.pool_stats import PoolStats
from sidecar.telemetry.retry_stats import RetryStats
from sidecar.telemetry.token_stats import TokenStats

RouteKey = tuple[str, str]
"""Upstream and route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The figures of all parts, as they are now."""

    retries: Iterable[RetryStats] = ()
    breakers: Iterable[BreakerStats] = ()
    paces: Iterable[PaceStats] = ()
    hedges: Iterable[HedgeStats] = ()
    pools: Iterable[PoolStats] = ()
    ledgers: Iterable[LedgerStats] = ()
    media: Iterable[MediaStats] = ()
    deliveries: Iterable[DeliveryStats] = ()
    caches: Mapping[RouteKey, CacheStats] = field(default_factory=dict)
    tokens: Mapping[RouteKey, TokenStats] = field(default_factory=dict)


def totals(counted: Counted) -> Totals:
    """Everything together."""
    found = Totals(
        rescued=sum(each.rescued for each in counted.retries),
        held=sum(_let_through(each) for each in counted.breakers),
        delivered_later=sum(_after_failure(each) for each in counted.deliveries),
        hedged=sum(each.won for each in counted.hedges),
        paced=sum(_in_turn(each) for each in counted.paces),
        replayed=sum(each.replayed for each in counted.ledgers),
        queue_duplicates=sum(each.duplicates for each in counted.deliveries),
        uploads=sum(each.uploads.get("deduplicated", 0) for each in counted.media),
        reused=sum(each.reused for each in counted.pools),
    )
    for route, cache in counted.caches.items():
        _add_cache(found, cache, counted.tokens.get(route))
    return found


def _add_cache(found: Totals, cache: CacheStats, tokens: TokenStats | None) -> None:
    requests = cache.requests
    hits = requests.get("hit", 0) + requests.get("stale", 0)
    joined = requests.get("joined", 0)
    found.hits += hits
    found.joined += joined
    found.stale += requests.get("stale_if_error", 0)
    found.fallbacks += requests.get("fallback", 0)
    found.refreshed += sum(cache.refreshed.values())
    found.saved_seconds += cache.saved
    if tokens is not None:
        found.tokens += (hits + joined) * _mean(tokens)


def _mean(tokens: TokenStats) -> float:
    """Tokens of one answer, prompt and answer together."""
    (_, answers) = tokens.input.buckets()[-1]
    return (tokens.input.sum + tokens.output.sum) / answers if answers else 0.0


def _let_through(stats: BreakerStats) -> int:
    waits_in_vain = stats.refused.get("held_too_long", 0)
    return max(0, stats.held - waits_in_vain)


def _after_failure(stats: DeliveryStats) -> int:
    """At least so many: those that ended with their first attempt may have failed."""
    (_, at_once) = stats.tries.buckets()[0]
    return max(0, stats.outcomes.get("delivered", 0) - int(at_once))


def _in_turn(stats: PaceStats) -> int:
    """A wait ends in time or with a `timeout`; who finds the line `full` has not waited."""
    return max(0, stats.waits - stats.refused.get("timeout", 0) - stats.waiting)


def openings(breakers: Iterable[BreakerStats]) -> dict[RouteKey, int]:
    """How often each breaker has opened after it was closed, by upstream and its name."""
    found: dict[RouteKey, int] = {}
    for stats in breakers:
        for (name, before, after), count in stats.transitions.items():
            if (before, after) == ("closed", "open"):
                key = (stats.upstream, name)
                found[key] = found.get(key, 0) + count
    return found
