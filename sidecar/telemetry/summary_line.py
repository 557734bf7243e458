"""What the summary says of each upstream in a log line, for those who have no other way to look.

Pure: takes the figures that `/admin/summary` has, so that all three say the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sidecar.telemetry.lines import Scalar

_WORST = ("forced_open", "open", "half_open", "forced_closed", "observed", "closed")
"""States of breakers, the one that people want to know of first."""

Fields: TypeAlias = dict[str, Scalar]


def summary_fields(summary: Mapping[str, Any]) -> Iterator[Fields]:
    """The fields of one line for each upstream that had calls; none for the others.

    Args:
        summary: as `/admin/summary` gives it.
    """
    for upstream in summary["upstreams"]:
        if upstream["calls"]:
            yield _fields(upstream, summary["window"])


def _fields(upstream: Mapping[str, Any], window: float) -> Fields:
    """Flat, so that each is a field of its own for whoever reads JSON. None where not known."""
    cache, retries = upstream["cache"], upstream["retries"]
    fields: Fields = {
        "upstream": upstream["name"],
        "window": round(window, 1),
        "calls": upstream["calls"],
        "rate": upstream["rate"],
        "p95": upstream["latency"]["p95"],
        "errors_percent": _percent(upstream["errors"]["ratio"]),
        "breaker": _worst([str(each["state"]) for each in upstream["breakers"]]),
        "cache_percent": _percent(cache["ratio"]),
        "seconds_saved_estimated": cache["seconds_saved"],
        "rescued": retries["rescued"],
    }
    if upstream["tokens"] is not None:
        fields["tokens_input"] = upstream["tokens"]["input"]
        fields["tokens_output"] = upstream["tokens"]["output"]
    return fields


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else round(100 * ratio, 2)


def _worst(states: list[str]) -> str | None:
    """The state that matters most; None where there is no breaker."""
    known = [state for state in _WORST if state in states]
    return known[0] if known else (states[0] if states else None)
