"""Makes the figures that people look at, of what was counted between two moments.

Pure: it is given counts, and knows neither where they come from nor how they are shown. The same
figures can be had from `/metrics` by `increase(…)` and `histogram_quantile(…)`.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from sidecar.core.summary_failures import CLASSES

QUANTILES = (0.5, 0.95, 0.99)
_INEXACT = 1e-9


class Cell(NamedTuple):
    """One counter."""

    upstream: str
    route: str
    """"" for what is counted for all routes of an upstream together."""
    name: str
    mark: str = ""
    """What tells counters of a name apart: a bucket's bounds (`0.1 0.25`), a kind of failure, …"""


Counts: TypeAlias = Mapping[Cell, float]
"""Totals since the start, or their growth; buckets are not cumulative. What is 0 is left out."""

Row: TypeAlias = Mapping[str, Mapping[str, float]]
"""The counts of one upstream or route: by name, then by mark."""

_HIT = ("hit", "stale", "stale_if_error")
_STALE = ("stale", "stale_if_error")
_MISSED = ("miss", "revalidate", "joined")


def growth(before: Counts, after: Counts) -> dict[Cell, float]:
    """What was counted between two moments.

    A total that became smaller has begun anew, as after a reload: then all of it has been counted
    since (as Prometheus' `increase` has it).
    """
    found = {}
    for cell, total in after.items():
        was = before.get(cell, 0.0)
        if total != was:
            found[cell] = total - was if total > was else total
    return found


def row(counts: Iterable[tuple[Cell, float]]) -> dict[str, dict[str, float]]:
    """Counts of one or of several routes and upstreams, added up."""
    found: dict[str, dict[str, float]] = {}
    for cell, value in counts:
        marks = found.setdefault(cell.name, {})
        marks[cell.mark] = marks.get(cell.mark, 0.0) + value
    return found


def quantile(rank: float, buckets: Mapping[str, float]) -> float | None:
    """By linear interpolation within a bucket; None where nothing was counted.

    As Prometheus' `histogram_quantile`: the lowest bucket begins at 0, and what lies beyond the
    last bound counts as that bound.

    Args:
        rank: from 0 to 1.
        buckets: counts by bounds, `0.1 0.25`, each without those below it; empty ones may be
            missing.
    """
    known = sorted((*map(float, bounds.split()), count) for bounds, count in buckets.items())
    wanted = rank * sum(count for _, _, count in known)
    below = 0.0
    for lower, upper, count in known:
        if count > 0 and below + count >= wanted - _INEXACT:
            part = min(1.0, max(0.0, wanted - below) / count)
            return lower if math.isinf(upper) else lower + (upper - lower) * part
        below += count
    return None


def figures(counted: Row, seconds: float) -> dict[str, Any]:
    """What is shown of one upstream or route, as `GET /admin/summary` has it.

    Args:
        counted: what was counted.
        seconds: in how long.
    """
    calls = total(counted, "calls")
    sent, attempts = total(counted, "sent"), total(counted, "attempts")
    repeated, rescued = total(counted, "repeated"), total(counted, "rescued")
    return {
        "calls": int(calls),
        "rate": round(calls / seconds, 3) if seconds > 0 else 0.0,
        "errors": _errors(counted, calls),
        "latency": _quantiles(counted, "duration"),
        "upstream": _quantiles(counted, "first_byte"),
        "overhead": _quantiles(counted, "overhead"),
        "cache": _cache(counted),
        "retries": {
            "repeated": int(repeated),
            "rescued": int(rescued),
            # a call that was rescued had one repetition that was good; all others were for nothing
            "wasted": int(max(0.0, repeated - rescued)),
            "amplification": round(attempts / sent, 3) if sent else None,
        },
        "tokens": _tokens(counted),
        "bytes": {"up": int(total(counted, "up")), "down": int(total(counted, "down"))},
    }


def total(counted: Row, name: str, marks: Iterable[str] | None = None) -> float:
    """All that was counted under a name, or under some marks of it."""
    found = counted.get(name, {})
    return sum(found.values() if marks is None else (found.get(mark, 0.0) for mark in marks))


def _errors(counted: Row, calls: float) -> dict[str, Any]:
    classes = {each: int(total(counted, "failed", (each,))) for each in CLASSES}
    count = sum(classes.values())
    ratio = round(min(1.0, count / calls), 4) if calls else None
    return {"count": count, "ratio": ratio, "classes": classes}


def _quantiles(counted: Row, name: str) -> dict[str, float | None]:
    buckets = counted.get(name, {})
    return {f"p{rank * 100:g}": _rounded(quantile(rank, buckets)) for rank in QUANTILES}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _cache(counted: Row) -> dict[str, Any]:
    hits, misses = total(counted, "cache", _HIT), total(counted, "cache", _MISSED)
    return {
        "hits": int(hits),
        "misses": int(misses),
        "stale": int(total(counted, "cache", _STALE)),
        "ratio": round(hits / (hits + misses), 4) if hits + misses else None,
        "seconds_saved": round(total(counted, "saved"), 3),
    }


def _tokens(counted: Row) -> dict[str, int] | None:
    if "tokens" not in counted:
        return None
    return {kind: int(total(counted, "tokens", (kind,))) for kind in ("input", "output", "cached")}
