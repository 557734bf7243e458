"""Words a summary for people: one short cell for each figure of an upstream, the worst first.

Pure; used by the admin listener's text and by `sidecar top`. Takes what `GET /admin/summary` says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

NOTHING = "-"
COLUMNS: Mapping[str, str] = {
    "upstream": "UPSTREAM",
    "rate": "RATE",
    "p50": "P50",
    "p95": "P95",
    "p99": "P99",
    "at_upstream": "UP95",
    "overhead": "OWN50",
    "errors": "ERR",
    "breaker": "BREAKER",
    "cache": "HIT",
    "rescued": "RESC",
    "inflight": "FLY",
}
"""Titles by name. `RATE` is calls per second, `UP95` the 95th percentile of the upstream's first
byte, `OWN50` the median of what the sidecar itself spends, `HIT` the share that the cache answered,
`RESC` failures that a repetition turned into an answer, `FLY` calls in flight now."""

_TROUBLE = {"forced_open": 4, "open": 3, "half_open": 2, "observed": 1, "forced_closed": 1}
SORTS = ("worst", "rate", "p95", "errors", "name")


def ordered(upstreams: Sequence[Mapping[str, Any]], by: str = "worst") -> list[Mapping[str, Any]]:
    """The upstreams of a summary, what wants attention first; equals by name.

    Args:
        upstreams: as the summary has them.
        by: `worst` (an open breaker, then the share of errors, then how slow), or another of SORTS.
    """
    by_name = sorted(upstreams, key=lambda each: str(each["name"]))
    if by == "name":
        return by_name
    return sorted(by_name, key=lambda each: _rank(each, by), reverse=True)


def _rank(each: Mapping[str, Any], by: str) -> tuple[float, ...]:
    errors, p95 = each["errors"]["ratio"] or 0.0, each["latency"]["p95"] or 0.0
    match by:
        case "rate":
            return (each["rate"],)
        case "p95":
            return (p95,)
        case "errors":
            return (errors, each["errors"]["count"])
    return (_trouble(each), errors, p95, each["rate"])


def _trouble(each: Mapping[str, Any]) -> int:
    return max((_TROUBLE.get(one["state"], 0) for one in each["breakers"]), default=0)


def cells(each: Mapping[str, Any]) -> dict[str, str]:
    """One upstream, or the total, by the names of COLUMNS."""
    latency, cache = each["latency"], each["cache"]
    return {
        "upstream": str(each.get("name", "all")),
        "rate": number(each["rate"]),
        "p50": seconds(latency["p50"]),
        "p95": seconds(latency["p95"]),
        "p99": seconds(latency["p99"]),
        "at_upstream": seconds(each["upstream"]["p95"]),
        "overhead": seconds(each["overhead"]["p50"]),
        "errors": percent(each["errors"]["ratio"]),
        "breaker": breaker(each.get("breakers", ())),
        "cache": percent(cache["ratio"]),
        "rescued": str(each["retries"]["rescued"]),
        "inflight": str(each.get("inflight", NOTHING)),
    }


def breaker(breakers: Sequence[Mapping[str, Any]]) -> str:
    """The worst of some breakers: `OPEN 850ms` until it probes, `FORCED 9m` until it is let go.

    Where the next call is the probe, `OPEN due`. How many more are not closed follows:
    `OPEN 850ms+1`.
    """
    troubled = [one for one in breakers if one["state"] in _TROUBLE]
    if not troubled:
        return "closed" if breakers else NOTHING
    worst = max(troubled, key=lambda one: _TROUBLE[one["state"]])
    more = f"+{len(troubled) - 1}" if len(troubled) > 1 else ""
    return f"{_stage(worst)}{more}"


def _stage(one: Mapping[str, Any]) -> str:
    forced = one.get("forced")
    if forced:
        word = {"open": "FORCED", "closed": "closed!"}.get(forced["state"], forced["state"])
        return f"{word} {seconds(forced['seconds_left'])}"
    if one["state"] == "open":
        left = one["seconds_to_probe"]
        return f"OPEN {seconds(left)}" if left > 0 else "OPEN due"
    return "probing" if one["state"] == "half_open" else str(one["state"])


def seconds(value: float | None) -> str:
    """At most five characters: `85us`, `12ms`, `3.42s`, `512s`, `17m`."""
    if value is None:
        return NOTHING
    if value < 0.000_9995:
        return f"{value * 1e6:.0f}us"
    if value < 0.9995:
        return f"{value * 1e3:.0f}ms"
    if value < 9.995:
        return f"{value:.2f}s"
    return f"{value:.0f}s" if value < 999.5 else f"{value / 60:.0f}m"


def percent(ratio: float | None) -> str:
    """At most four characters: `0%`, `2.5%`, `80%`."""
    if ratio is None:
        return NOTHING
    shown = ratio * 100
    return f"{shown:.1f}%" if 0 < shown < 9.95 else f"{shown:.0f}%"


def number(value: float) -> str:
    """At most five characters: `0`, `2.4`, `180`, `12.3k`."""
    if value >= 9999.5:
        return f"{value / 1000:.1f}k" if value < 99_950 else f"{value / 1000:.0f}k"
    return f"{value:.1f}" if 0 < value < 99.95 else f"{value:.0f}"
