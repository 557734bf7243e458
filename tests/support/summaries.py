"""Summaries as `GET /admin/summary` gives them, for what shows them."""

from typing import Any

from sidecar.core.summary import figures


def upstream(
    name: str,
    *,
    rate: float = 2.0,
    p95: float | None = 0.1,
    ratio: float | None = 0.0,
    state: str = "closed",
) -> dict[str, Any]:
    """One upstream of a summary."""
    shown = figures({}, 60.0)
    shown["rate"] = rate
    shown["errors"]["ratio"] = ratio
    shown["latency"]["p95"] = p95
    breaker = {"name": name, "state": state, "seconds_to_probe": 1.5, "forced": None}
    return {
        "name": name,
        "url": "https://x.test",
        **shown,
        "inflight": 3,
        "breakers": [breaker],
        "routes": [],
    }


def summary(*upstreams: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole summary."""
    whole: dict[str, Any] = {
        "at": 1_700_000_000.0,
        "version": "1.2.3",
        "uptime": 12.3,
        "state": "ready",
        "config": {"sha256": "", "loaded_at": 0.0, "generation": 1, "reload": None},
        "window": 60.0,
        "total": figures({}, 60.0),
        "upstreams": list(upstreams),
        "queue": None,
    }
    return {**whole, **changes}
