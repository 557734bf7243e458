"""How much is sent, how often again, and over how many connections. Pure."""

from collections.abc import Iterator, Mapping
from statistics import quantiles

from sidecar.config import DEFAULT_ROUTE
from sidecar.config.pace import format_rate
from sidecar.core.advice.advice import Advice
from sidecar.core.advice.learnt import Learnt, ShapeFigures
from sidecar.core.advice.places import Place, Places
from sidecar.core.advice.rates import WINDOWS, Rates
from sidecar.core.advice.shape import Shape

JUST_UNDER = 0.9
"""The part of what was let through that is proposed."""
LEAST_REFUSALS = 5
LEAST_SECONDS = 3
"""Seconds in which there was one."""
LEAST_REPEATED = 20
WASTED = 0.8
"""The part of repeated calls that failed all the same."""
LEAST_WAITED = 20
WAITED = 0.01
"""The part of calls that waited for a connection."""
LEAST_HEDGED = 200
TAIL = 4.0
"""p95 over p50."""
LEAST_TAIL = 0.05
"""Seconds from p50 to p95."""
LEAST_OPENED = 5
"""In an hour."""

_SPREAD = 1.0
"""How much the number may vary, in parts of its median, for there to be a limit behind it."""
_ENOUGH = 5
"""Calls in a window, for its count to say something."""


def paces(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each route that was told to slow down, and is not slowed down."""
    for key, figures in learnt.routes.items():
        place, rates = places.find(key), figures.rates
        seconds = rates.settled()
        if place is None or rates.refused < LEAST_REFUSALS or len(seconds) < LEAST_SECONDS:
            continue
        found = _where_it_began(seconds)
        if found is None:
            continue
        count, window = found
        allowed = max(1, int(JUST_UNDER * count))
        if any(pace.rate <= allowed / window for pace in place.route.pace if pace.enforce):
            continue
        yield _pace(place, rates, count, window)


def _where_it_began(seconds: list[tuple[int, ...]]) -> tuple[int, int] | None:
    """How many calls were let through in how many seconds, when others were refused.

    The upstream counts over the window in which that number hardly varies. The median of it: an
    upstream that lets bursts pass takes more at first, and in the first and the last second there
    may be fewer calls than it would have taken.
    """
    found: list[tuple[float, int, int]] = []
    for index, window in enumerate(WINDOWS):
        counts = [each[index] for each in seconds if each[index]]
        if len(counts) >= LEAST_SECONDS:
            low, middle, high = quantiles(counts, n=4, method="inclusive")
            if middle >= _ENOUGH:
                found.append((round((high - low) / middle, 1), window, int(middle)))
    if not found:
        return None
    spread, window, count = min(found)
    return (count, window) if spread <= _SPREAD else None


def _pace(place: Place, rates: Rates, count: int, window: int) -> Advice:
    allowed = max(1, int(JUST_UNDER * count))
    rate = format_rate(allowed / window)
    burst = max(1, min(allowed, 10))
    return Advice(
        kind="pace",
        upstream=place.upstream,
        route=place.route.name,
        title=f"429 began above {count} calls in {window} s; at {rate} calls would wait instead",
        evidence={
            "refused": rates.refused,
            "seconds_with_refusals": len(rates.settled()),
            "let_through": count,
            "in_seconds": window,
            "highest_without_refusal_per_second": rates.highest,
        },
        confidence="high" if len(rates.settled()) >= 3 * LEAST_SECONDS else "medium",
        check="the limit in the provider's own words, and whether other processes share it"
        + (", and what the paces are for that this takes the place of" if place.route.pace else ""),
        settings=place.settings(pace=[{"rate": rate, "burst": burst}]),
    )


def retries(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each route whose repetitions hardly ever help."""
    for key, figures in learnt.routes.items():
        place = places.find(key)
        if place is None or figures.repeated < LEAST_REPEATED or place.route.retry.attempts < 2:
            continue
        if figures.wasted < WASTED * figures.repeated:
            continue
        attempts = 2 if place.route.retry.attempts > 2 else 1
        yield Advice(
            kind="retry",
            upstream=place.upstream,
            route=place.route.name,
            title=f"{figures.wasted} of {figures.repeated} calls that were repeated failed all "
            "the same",
            evidence={
                "repeated": figures.repeated,
                "failed_all_the_same": figures.wasted,
                "wasted_attempts": figures.wasted_attempts,
                "configured_attempts": place.route.retry.attempts,
            },
            confidence="low",
            check="whether this was one outage: then the breaker is what helps, and more attempts "
            "are of use at other times",
            settings=place.settings(retry={"attempts": attempts}),
        )


def pools(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each upstream whose connections are often all busy."""
    waited: dict[str, tuple[int, int, float, int, Place]] = {}
    for key, figures in learnt.routes.items():
        place = places.find(key)
        if place is not None:
            calls, waits, longest, expired, _ = waited.get(key[0], (0, 0, 0.0, 0, place))
            waited[key[0]] = (
                calls + figures.calls,
                waits + figures.waited,
                max(longest, figures.waits.quantile(0.95)),
                expired + figures.errors["pool_timeout"],
                place,
            )
    for upstream, (calls, waits, longest, expired, place) in waited.items():
        if waits < LEAST_WAITED or waits < WAITED * calls:
            continue
        current = place.config.pool.max_connections
        yield Advice(
            kind="pool",
            upstream=upstream,
            route="",
            title=f"{waits} of {calls} calls waited because all {current} connections were busy",
            evidence={
                "calls": calls,
                "waited": waits,
                "p95_wait_seconds": round(longest, 4),
                "expired": expired,
                "configured": current,
            },
            confidence="medium",
            check="whether the upstream takes more connections, and is not slow for another "
            "reason: then they would only wait there",
            settings=place.of_upstream(pool={"max_connections": 2 * current}),
        )


def hedges(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each route that has reads with a long tail."""
    worst: dict[tuple[str, str], tuple[float, Shape, ShapeFigures]] = {}
    for (upstream, route, shape), figures in learnt.shapes.items():
        if shape.method == "GET" and figures.times.count >= LEAST_HEDGED:
            p50, p95 = figures.times.quantile(0.5), figures.times.quantile(0.95)
            late = p95 - p50
            if p95 >= TAIL * p50 and late >= LEAST_TAIL:
                known = worst.get((upstream, route))
                if known is None or late > known[0]:
                    worst[upstream, route] = (late, shape, figures)
    for key, (late, shape, figures) in worst.items():
        place = places.find(key)
        if place is None or place.route.hedge.enabled:
            continue
        yield Advice(
            kind="hedge",
            upstream=place.upstream,
            route=place.route.name,
            title=f"{shape.text}: one read of twenty takes {late:.2f} s longer than the half",
            evidence={
                "calls": figures.times.count,
                "p50_seconds": round(figures.times.quantile(0.5), 4),
                "p95_seconds": round(figures.times.quantile(0.95), 4),
                "p99_seconds": round(figures.times.quantile(0.99), 4),
            },
            confidence="low",
            check="whether the slow ones are slow by chance: what is slow because of what it asks "
            "for is slow a second time as well; and that a read costs nothing here",
            settings=place.settings(hedge={"enabled": True}),
            saved=0.05 * figures.times.count * late,
        )


def breakers(
    opened: Mapping[tuple[str, str], int], hours: float, places: Places
) -> Iterator[Advice]:
    """One for each breaker that opens and closes again and again.

    Args:
        opened: by upstream and breaker, how often it opened.
        hours: in which it did.
        places: what is configured.
    """
    for (upstream, breaker), count in opened.items():
        place = places.find((upstream, DEFAULT_ROUTE))
        if place is None or count < LEAST_OPENED * max(1.0, hours):
            continue
        probes = place.config.breaker.probes
        yield Advice(
            kind="breaker",
            upstream=upstream,
            route="",
            title=f"the breaker {breaker} has opened {count} times",
            evidence={"opened": count, "hours": round(hours, 2), "configured_probes": probes},
            confidence="low",
            check="what failed (event `breaker_opened` in the log): an upstream that fails in part "
            "is better served by a breaker for each part (`breaker.key`)",
            settings=place.of_upstream(breaker={"probes": probes + 2}),
        )
