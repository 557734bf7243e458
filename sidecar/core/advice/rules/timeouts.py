"""Timeouts by how long the upstream really takes. Pure."""

from collections.abc import Iterator

from sidecar.config.values import format_duration
from sidecar.core.advice.advice import Advice, Confidence
from sidecar.core.advice.learnt import Learnt, RouteFigures
from sidecar.core.advice.places import Place, Places

LEAST = 200
"""Calls below which a p99 says little."""
SPARE = 3.0
"""The timeout over p99: an answer that is that late is lost more often than it is slow."""
FLOOR = 1.0
"""Seconds; less is never proposed."""
_GENEROUS = 5.0
"""How many times too long a timeout may be before it is worth a word."""
_TIGHT = 0.7
"""The part of a timeout that p99 may take."""
_STEPS = (1, 2, 3, 5, 8, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300)
_EXPIRED = ("first_byte_timeout", "header_timeout")


def timeouts(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each route whose `first_byte` is far from what its answers take."""
    for key, figures in learnt.routes.items():
        place = places.find(key)
        if place is not None and figures.times.count >= LEAST:
            advice = _advice(place, figures)
            if advice is not None:
                yield advice


def _advice(place: Place, figures: RouteFigures) -> Advice | None:
    p50, p99 = figures.times.quantile(0.5), figures.times.quantile(0.99)
    longest = figures.times.quantile(0.999)
    wanted = max(SPARE * p99, 1.5 * longest, FLOOR)
    proposed = next((float(step) for step in _STEPS if step >= wanted), float(_STEPS[-1]))
    current = place.route.timeouts.first_byte
    confidence: Confidence
    expired = sum(figures.errors[code] for code in _EXPIRED)
    often = expired >= 5 and expired > 0.01 * figures.calls
    if (p99 > _TIGHT * current or often) and proposed > current:
        title = f"{format_duration(current)} is close to what answers take here"
        check = "whether these answers must be so slow: a longer timeout only lets them be"
        confidence = "medium"
    elif current > _GENEROUS * proposed and not expired:
        title = f"a call that hangs is noticed after {format_duration(current)} only"
        check = "calls that are rare and slow, such as reports, in a longer time than was observed"
        confidence = "medium" if figures.times.count >= 5 * LEAST else "low"
    else:
        return None
    keys: dict[str, str] = {"first_byte": format_duration(proposed)}
    if place.route.timeouts.total < proposed:
        keys["total"] = format_duration(proposed)
    return Advice(
        kind="timeout",
        upstream=place.upstream,
        route=place.route.name,
        title=title,
        evidence={
            "calls": figures.times.count,
            "p50_seconds": round(p50, 4),
            "p99_seconds": round(p99, 4),
            "p999_seconds": round(longest, 4),
            "configured_seconds": current,
            "expired": expired,
        },
        confidence=confidence,
        check=check,
        settings=place.settings(timeouts=keys),
    )
