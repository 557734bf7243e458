"""Reads that get the same answer again and again, and that a cache would have answered. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.config.values import format_duration
from sidecar.core.advice.advice import Advice, Confidence
from sidecar.core.advice.learnt import Learnt, ShapeFigures
from sidecar.core.advice.places import Place, Places
from sidecar.core.advice.repeats import LIFETIMES
from sidecar.core.advice.shape import Shape

LEAST = 30
"""Reads below which a pattern says little."""
WORTH = 0.3
"""The part of them that a cache must have answered."""
MOST_CHANGED = 0.01
"""The part of those answers that may have changed meanwhile."""


class Lifetime(NamedTuple):
    """What a cache with this lifetime would have done."""

    seconds: float
    saved: int
    changed: int


def best(figures: ShapeFigures) -> Lifetime | None:
    """The longest lifetime in which answers hardly changed; None where none is worth it.

    A lifetime that is longer than what was observed is not proposed: nothing is known of it.
    """
    repeats, span = figures.repeats, figures.ended - figures.began
    for index in reversed(range(len(LIFETIMES))):
        lifetime, saved = LIFETIMES[index], repeats.saved[index]
        if lifetime > max(span, LIFETIMES[0]) or saved < WORTH * repeats.reads:
            continue
        if repeats.changed[index] <= MOST_CHANGED * saved:
            return Lifetime(lifetime, saved, repeats.changed[index])
    return None


def reads(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each shape that is read on a route without a cache."""
    for (upstream, route, shape), figures in learnt.shapes.items():
        place = places.find((upstream, route))
        if place is None or place.route.cache.is_on or figures.repeats.reads < LEAST:
            continue
        lifetime = best(figures)
        advice = _advice(place, shape, figures, lifetime) if lifetime is not None else None
        if advice is not None:
            yield advice


def _advice(place: Place, shape: Shape, figures: ShapeFigures, lifetime: Lifetime) -> Advice | None:
    repeats, median = figures.repeats, figures.times.quantile(0.5)
    ttl = format_duration(lifetime.seconds)
    tags = {"tags": "table"} if shape.table else {}
    written = place.reading(shape, cache={"ttl": ttl, **tags})
    if written is None:
        return None
    confidence: Confidence = "high" if not lifetime.changed and shape.table else "medium"
    return Advice(
        kind="cache",
        upstream=place.upstream,
        route=place.route.name,
        title=f"{shape.text}: {lifetime.saved} of {repeats.reads} reads got an answer that was "
        f"known, less than {ttl} old",
        evidence={
            "reads": repeats.reads,
            "different_requests": repeats.distinct,
            "calls_saved": lifetime.saved,
            "of_them_changed": lifetime.changed,
            "p50_seconds": round(median, 4),
            "observed_seconds": round(figures.ended - figures.began, 1),
        },
        confidence=confidence,
        check="whether the application may see an answer that is so old. Answers are kept for each "
        "user apart" + (", and writes through the sidecar drop them" if shape.table else ""),
        settings=place.routes(written),
        saved=lifetime.saved * median,
    )
