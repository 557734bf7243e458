"""What the application would have seen without the sidecar, in figures. Pure: plain counts in.

Each row says how it is computed, and whether that is a count or an estimate. The names of rows are
a public interface: docs/report.md lists them.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Unit = Literal["calls", "seconds", "tokens", "connections"]


@dataclass(slots=True, kw_only=True)
class Totals:
    """What was counted since the start, over all upstreams."""

    rescued: int = 0
    """Calls that succeeded on a later attempt."""
    held: int = 0
    """Calls that waited for an open breaker and were let through."""
    stale: int = 0
    """Calls that got an older answer because the upstream failed."""
    fallbacks: int = 0
    """Calls that got the configured answer because the upstream failed."""
    delivered_later: int = 0
    """Deliveries that succeeded after a failed attempt."""
    hedged: int = 0
    """Reads whose second request was the faster."""
    paced: int = 0
    """Calls that waited for their turn and were let through."""
    hits: int = 0
    """Calls that were answered from the cache."""
    joined: int = 0
    """Calls that shared a call that was under way."""
    refreshed: int = 0
    """Calls that the cache made by itself."""
    saved_seconds: float = 0.0
    """What the upstream had taken for the answers that were hit."""
    replayed: int = 0
    """Calls with an idempotency key that got the answer of an earlier one."""
    queue_duplicates: int = 0
    """Calls that were queued already."""
    uploads: int = 0
    """Files that were uploaded already."""
    tokens: float = 0.0
    """Tokens of as many average answers as came from the cache."""
    reused: int = 0
    """Attempts that needed no new connection."""


class Row(NamedTuple):
    """One figure."""

    name: str
    label: str
    value: float
    unit: Unit
    how: str
    """How it is computed."""
    estimate: bool = False
    """Whether it says what would have happened, beside what was counted."""


def rows(totals: Totals) -> tuple[Row, ...]:
    """The report. A figure is 0 where nothing of the kind happened, and never less."""
    return (*_errors(totals), *_time(totals), *_calls(totals))


def _errors(t: Totals) -> tuple[Row, ...]:
    absorbed = t.rescued + t.stale + t.fallbacks + t.delivered_later
    return (
        Row(
            "errors_absorbed",
            "Errors that the application did not see",
            absorbed,
            "calls",
            "rescued by a retry, answered stale or by a fallback where the upstream failed, and "
            "deliveries that succeeded after a failure",
        ),
        Row(
            "retries_rescued",
            "Calls that succeeded on a later attempt",
            t.rescued,
            "calls",
            "calls whose first attempt failed and whose last one succeeded",
        ),
        Row(
            "answered_stale",
            "Calls answered although the upstream failed",
            t.stale + t.fallbacks,
            "calls",
            "answers of the cache past their time (stale_if_error), and fallbacks",
        ),
        Row(
            "delivered_later",
            "Deliveries that needed more than one attempt",
            t.delivered_later,
            "calls",
            "delivered, less all that ended with their first attempt: at least so many",
            estimate=True,
        ),
        Row(
            "held_through",
            "Calls that waited for an open breaker and were let through",
            t.held,
            "calls",
            "calls that were held, less those that were refused after the wait; without a breaker "
            "that holds, each would have met an upstream in trouble",
            estimate=True,
        ),
        Row(
            "refusals_avoided",
            "Calls that waited for their turn",
            t.paced,
            "calls",
            "calls that a pace delayed and let through; sent at once, they would have been over "
            "the limit that it stands for",
            estimate=True,
        ),
    )


def _time(t: Totals) -> tuple[Row, ...]:
    return (
        Row(
            "seconds_saved",
            "Waiting that the cache saved",
            round(t.saved_seconds, 3),
            "seconds",
            "for each hit, what the upstream took for that answer when it was fetched",
            estimate=True,
        ),
        Row(
            "hedges_won",
            "Slow reads that a second request overtook",
            t.hedged,
            "calls",
            "second requests whose answer was used",
        ),
    )


def _calls(t: Totals) -> tuple[Row, ...]:
    return (
        Row(
            "calls_saved",
            "Calls that the upstream did not get",
            max(0, t.hits + t.joined - t.refreshed),
            "calls",
            "hits and joined calls, less the calls that the cache made by itself",
        ),
        Row(
            "duplicates_prevented",
            "Calls that would have been made twice",
            t.replayed + t.queue_duplicates + t.uploads,
            "calls",
            "answers given again for an idempotency key, calls that were queued already, and files "
            "that were uploaded already",
        ),
        Row(
            "tokens_not_bought",
            "Tokens that were not bought again",
            round(t.tokens),
            "tokens",
            "for each route whose answers say their tokens: the mean of an answer, times the calls "
            "that the cache answered",
            estimate=True,
        ),
        Row(
            "connections_saved",
            "Connections that were not opened",
            t.reused,
            "connections",
            "attempts on a connection that was open already; an application that opens one for "
            "each call would have opened so many",
            estimate=True,
        ),
    )
