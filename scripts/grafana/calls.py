"""The rows of the dashboard about calls: traffic, time, what is done about failures, rates."""

from collections.abc import Sequence

from scripts.grafana.queries import Panel, chosen, gauges, quantiles, rate, rates


def _stat(
    title: str,
    unit: str,
    query: str,
    text: str = "",
    steps: Sequence[tuple[float | None, str]] = ((None, "blue"),),
) -> Panel:
    return Panel(title, unit, {"": query}, text, kind="stat", width=4, height=4, steps=steps)


def _share(of: str, whole: str) -> str:
    return f"sum({of}) / sum({whole})"


UP = "upstream"
_CALLS = rate("sidecar_exchanges_total")
_ERRORS = rate("sidecar_exchanges_total", 'code=~"5.."')
_CACHE = "sidecar_cache_requests_total"
_HITS = rate(_CACHE, 'result=~"hit|stale|joined|revalidate"')
_DURATION = "sidecar_exchange_duration_seconds"
_NOT_CLOSED = 'state!="closed"'

GLANCE = (
    _stat("Calls", "reqps", f"sum({_CALLS})"),
    _stat(
        "Errors",
        "percentunit",
        _share(_ERRORS, _CALLS),
        "Share of calls that were answered with a 5xx, after all repetitions.",
        ((None, "green"), (0.01, "orange"), (0.05, "red")),
    ),
    _stat(
        "Slowest twentieth",
        "s",
        f"histogram_quantile(0.95, sum by (le) ({rate(_DURATION + '_bucket')}))",
        "One call in twenty takes longer (p95), from the request to the last byte.",
    ),
    _stat("From the cache", "percentunit", _share(_HITS, rate(_CACHE))),
    _stat(
        "Breakers not closed",
        "none",
        f"sum({chosen('sidecar_breaker_state', _NOT_CLOSED)})",
        steps=((None, "green"), (1, "red")),
    ),
    _stat("Calls in flight", "none", f"sum({chosen('sidecar_inflight_exchanges')})"),
)

TRAFFIC = (
    Panel("Calls", "reqps", rates("sidecar_exchanges_total", UP)),
    Panel(
        "Answers by status",
        "reqps",
        rates("sidecar_exchanges_total", "code"),
        "What the application was answered; 499 when it left first.",
        stacked=True,
    ),
    Panel(
        "Errors of the sidecar's making",
        "reqps",
        rates("sidecar_errors_total", UP, "error"),
        "By the code of X-Sidecar-Error.",
    ),
    Panel(
        "Share of 5xx",
        "percentunit",
        {"{{upstream}}": f"sum by (upstream) ({_ERRORS}) / sum by (upstream) ({_CALLS})"},
    ),
    Panel("In flight", "none", gauges("sidecar_inflight_exchanges", UP)),
    Panel("Bodies", "Bps", rates("sidecar_bytes_total", UP, "direction")),
)

TIME = (
    Panel(
        "Whole call",
        "s",
        quantiles(_DURATION, 0.5, 0.95, 0.99),
        "What the application waits, from the request to the last byte.",
        exemplars=True,
    ),
    Panel(
        "Upstream's first byte",
        "s",
        quantiles("sidecar_upstream_first_byte_seconds", 0.5, 0.95),
        "From the request to the first byte of the upstream's answer.",
    ),
    Panel(
        "The sidecar's own part",
        "s",
        quantiles("sidecar_overhead_seconds", 0.5, 0.99),
        "Until the answer began; what the configuration asks calls to wait is not in it.",
    ),
    Panel("By route", "s", quantiles(_DURATION, 0.95, by="upstream, route"), width=12),
    Panel(
        "Tokens a second",
        "short",
        {
            **rates("sidecar_tokens_sum", UP, "type"),
            **rates("sidecar_tokens_cached_total", UP, named="cached"),
        },
        "As the answers of models say themselves.",
        width=12,
    ),
)

REPETITION = (
    Panel(
        "Repeated",
        "ops",
        rates("sidecar_retries_total", UP, "reason"),
        "Attempts after the first, by what led to them.",
    ),
    Panel(
        "Rescued",
        "ops",
        rates("sidecar_retry_rescued_total", UP),
        "Calls that succeeded on a later attempt: errors that nobody saw.",
    ),
    Panel(
        "Failed and not repeated",
        "ops",
        rates("sidecar_retry_skipped_total", UP, "reason"),
        "By what stood in the way.",
    ),
    Panel(
        "Breakers that are not closed",
        "none",
        gauges("sidecar_breaker_state", UP, "breaker", "state", only=_NOT_CLOSED),
        stacked=True,
    ),
    Panel("Refused by a breaker", "ops", rates("sidecar_breaker_refused_total", UP, "reason")),
    Panel("Held by a breaker", "none", gauges("sidecar_breaker_held_exchanges", UP)),
    Panel(
        "Second requests",
        "ops",
        {
            **rates("sidecar_hedge_sent_total", UP, named="sent"),
            **rates("sidecar_hedge_won_total", UP, named="won"),
        },
        "Slow reads that were asked for twice (hedging).",
        width=12,
    ),
    Panel(
        "Faults made on purpose",
        "ops",
        rates("sidecar_drill_injected_total", UP, "fault"),
        "Drills.",
        width=12,
    ),
)

RATES = (
    Panel(
        "Attempts in flight and their limit",
        "none",
        {
            **gauges("sidecar_limit_inflight", UP, named="in flight"),
            **gauges("sidecar_limit_current", UP, named="limit"),
        },
    ),
    Panel(
        "Waiting for a place or a turn",
        "none",
        {
            **gauges("sidecar_limit_waiters", UP, named="limit"),
            **gauges("sidecar_pace_waiting", UP, "pace"),
        },
    ),
    Panel(
        "Refused by a limit or a pace",
        "ops",
        {
            **rates("sidecar_limit_rejected_total", UP, "reason"),
            **rates("sidecar_pace_refused_total", UP, "pace", "reason"),
        },
    ),
    Panel("Let out by a pace", "ops", rates("sidecar_pace_passed_total", UP, "pace")),
    Panel(
        "Used part of the provider's quotas",
        "percentunit",
        gauges("sidecar_upstream_usage_ratio", UP, "meter", how="max"),
        "As the provider said last.",
    ),
    Panel(
        "Keys",
        "ops",
        {
            **rates("sidecar_key_used_total", UP, "key", named="used"),
            **rates("sidecar_key_refused_total", UP, "key", named="refused"),
            **rates("sidecar_key_rejected_total", UP, "key", named="rejected"),
        },
        "Refused: too often. Rejected: not accepted.",
    ),
)

CONNECTIONS = (
    Panel(
        "Connections",
        "none",
        {
            **gauges("sidecar_pool_open_connections", UP, named="open"),
            **gauges("sidecar_pool_idle_connections", UP, named="idle"),
        },
    ),
    Panel("Wait for a connection", "s", quantiles("sidecar_pool_wait_seconds", 0.95)),
    Panel(
        "Opening one",
        "s",
        quantiles("sidecar_dial_seconds", 0.95),
        "Look-up, connection and TLS together.",
    ),
    Panel(
        "Opened and kept",
        "ops",
        {
            **rates("sidecar_pool_dials_total", UP, named="opened"),
            **rates("sidecar_pool_reused_total", UP, named="reused"),
        },
    ),
    Panel("Failures", "ops", rates("sidecar_pool_dial_failures_total", UP, "error")),
    Panel("WebSockets", "none", gauges("sidecar_websocket_open", UP)),
)
