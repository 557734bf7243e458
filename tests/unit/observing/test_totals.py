from sidecar.observing.totals import Counted, openings, totals
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


def test_figures_of_several_parts_are_added_up():
    found = totals(
        Counted(
            retries=[RetryStats(rescued=2), RetryStats(rescued=3)],
            hedges=[HedgeStats(won=4)],
            pools=[PoolStats(reused=5), PoolStats(reused=6)],
            ledgers=[LedgerStats(replayed=7)],
            media=[MediaStats(uploads={"deduplicated": 8, "failed": 9})],
            paces=[PaceStats(waits=10, refused={"timeout": 2, "full": 5}, waiting=1)],
        )
    )
    assert (found.rescued, found.hedged, found.reused) == (5, 4, 11)
    assert (found.replayed, found.uploads, found.paced) == (7, 8, 7)


def test_a_call_was_held_in_vain_where_it_was_refused_after_it():
    stats = BreakerStats("api", held=9, refused={"held_too_long": 4, "at_once": 50})
    assert totals(Counted(breakers=[stats])).held == 5


def test_a_delivery_came_later_where_its_first_attempt_was_not_its_last():
    stats = DeliveryStats(duplicates=3)
    for outcome, tries in (("delivered", 1), ("delivered", 4), ("delivered", 2), ("failed", 1)):
        stats.end(outcome, tries)
    found = totals(Counted(deliveries=[stats]))
    assert found.delivered_later == 1  # at least: one that failed at once may be of those
    assert found.queue_duplicates == 3


def test_tokens_are_those_of_an_average_answer_for_each_that_was_kept():
    requests = {"hit": 3, "stale": 1, "joined": 2, "miss": 9, "stale_if_error": 5, "fallback": 6}
    cache = CacheStats(requests=requests, saved=2.5, refreshed={"early": 2, "stale": 1})
    tokens = TokenStats()
    tokens.see(100, 20, 0)
    tokens.see(200, 40, 0)
    key, other = ("gemini", "generate"), ("db", "rest")
    caches = {key: cache, other: CacheStats(requests={"hit": 1})}
    found = totals(Counted(caches=caches, tokens={key: tokens, other: TokenStats()}))
    assert found.tokens == 6 * 180
    assert (found.hits, found.joined, found.stale, found.fallbacks) == (5, 2, 5, 6)
    assert (found.refreshed, found.saved_seconds) == (3, 2.5)


def test_nothing_counted_is_nothing():
    assert set(vars_of(totals(Counted()))) == {0}


def vars_of(found):
    return [getattr(found, name) for name in found.__slots__]


def test_a_breaker_opens_when_it_was_closed():
    changes = {
        ("api", "closed", "open"): 3,
        ("api", "half_open", "open"): 5,
        ("api/x", "closed", "open"): 1,
    }
    stats = BreakerStats("api", transitions=changes)
    assert openings([stats]) == {("api", "api"): 3, ("api", "api/x"): 1}
