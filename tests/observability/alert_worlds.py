"""Worlds of series in promtool's notation, of which an alert is to fire or to be silent."""

from dataclasses import dataclass, field

PROCESS = 'job="sidecar", instance="a:9090"'
STEP = 30
"""Seconds between two samples, and between two looks at the rules."""


@dataclass(frozen=True)
class Case:
    """Two worlds of series, in promtool's notation, and what the alert says in the first."""

    alert: str
    severity: str
    firing: dict[str, str]
    silent: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    at: str = "30m"


def series(name, **labels):
    """A series of one sidecar."""
    more = "".join(f', {key.rstrip("_")}="{value}"' for key, value in labels.items())
    return f"{name}{{{PROCESS}{more}}}"


def counting(per_second):
    """A counter that grows for an hour."""
    return f"0+{per_second * STEP:g}x120"


def still(value):
    """A gauge that stands for an hour."""
    return f"{value}x120"


def histogram(name, *, share_below, bound, per_second=10, **labels):
    """Two buckets and the total: `share_below` of what is observed is at most `bound`."""
    return {
        series(f"{name}_bucket", le=bound, **labels): counting(per_second * share_below),
        series(f"{name}_bucket", le=bound * 2, **labels): counting(per_second),
        series(f"{name}_bucket", le="+Inf", **labels): counting(per_second),
    }


def exchanges(per_second, code):
    at = {"upstream": "gemini", "route": "generate", "method": "POST"}
    return {series("sidecar_exchanges_total", **at, code=code): counting(per_second)}


def gauge(alert, severity, name, *, firing, silent, labels, **more):
    """A case of one gauge with two values."""
    at = series(name, **labels)
    shown = {"instance": "a:9090", **labels, **more.pop("shown", {})}
    return Case(alert, severity, {at: still(firing)}, {at: still(silent)}, shown, **more)


def refusals(alert, severity, name, *, shown=(), rate=0.2, quiet=0.0, **labels):
    """A case of one counter that grows, or grows too slowly to matter."""
    at = series(name, **labels)
    seen = {key: value for key, value in labels.items() if key in ("upstream", *shown)}
    return Case(alert, severity, {at: counting(rate)}, {at: counting(quiet)}, seen)


def slow(name, bound, **labels):
    return histogram(name, share_below=0.5, bound=bound, **labels)


def quick(name, bound, **labels):
    return histogram(name, share_below=1.0, bound=bound, **labels)


DURATION = "sidecar_exchange_duration_seconds"
GENERATE = {"upstream": "gemini", "route": "generate"}


def turning_slow():
    """Two hours of 0.5 s, then an hour of 4 s."""
    return {
        series(f"{DURATION}_bucket", le="0.5", **GENERATE): "0+300x240 72000x120",
        series(f"{DURATION}_bucket", le="2", **GENERATE): "0+300x240 72000x120",
        series(f"{DURATION}_bucket", le="4", **GENERATE): "0+300x360",
        series(f"{DURATION}_bucket", le="+Inf", **GENERATE): "0+300x360",
    }


def always_slow():
    """Three hours of 4 s: it is usual."""
    return {
        series(f"{DURATION}_bucket", le="2", **GENERATE): "0x360",
        series(f"{DURATION}_bucket", le="4", **GENERATE): "0+300x360",
        series(f"{DURATION}_bucket", le="+Inf", **GENERATE): "0+300x360",
    }


BREAKER = {"upstream": "gemini", "breaker": "gemini-2.5-flash"}
CLOSED = series("sidecar_breaker_state", **BREAKER, state="closed")
HERE = {"instance": "a:9090"}
GEMINI = {"upstream": "gemini"}
