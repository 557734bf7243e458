"""From what an application and its providers saw to the figures of a contender. Pure.

Percentiles are over all requests, those that failed included.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

OK = "ok"
WINDOW = 5.0
"""Seconds of the workload of which the worst are looked for."""
_LEAST = 15
"""Requests that a window must have for its share to count."""


class Row(NamedTuple):
    """One request of the application."""

    endpoint: str
    at: float
    milliseconds: float
    outcome: str

    @property
    def failed(self) -> bool:
        """Whether the application had to answer 5xx."""
        return self.outcome != OK


@dataclass(frozen=True, slots=True)
class Times:
    """How a group of requests fared: milliseconds, and percent that failed."""

    count: int
    p50: float
    p95: float
    p99: float
    mean: float
    failed: float


@dataclass(frozen=True, slots=True)
class Result:
    """One contender in one run."""

    overall: Times
    endpoints: Mapping[str, Times]
    worst: float
    """Percent of the requests of the worst 5 s that failed."""
    duplicates: int
    """Writes that a provider did again, of those that do harm."""
    wrong: int
    """Answers that were for somebody else, or to another question."""
    stale: int
    """Answers older than a write of the application that was answered before."""
    stale_labelled: int
    """The same, and the answer said so."""
    stale_of: Mapping[str, int]
    """`stale` by resource."""
    judged: int
    """Answers that were looked at."""
    requests: float
    """Requests at the providers for each request of the application."""
    connections: int
    """That the providers were asked for, the warm-up included."""
    replies: float
    """Percent of the bot's replies that were done."""
    failures: Mapping[str, int]
    """Failed requests by call and reason."""
    calls: Mapping[str, Times]
    """By resource."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of all are below; `ordered` must be, and not be empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def times(rows: Iterable[Row]) -> Times:
    """Of requests; there must be one."""
    chosen = list(rows)
    ordered = sorted(row.milliseconds for row in chosen)
    failed = 100 * sum(row.failed for row in chosen) / len(chosen)
    middle, slow, slowest = (percentile(ordered, share) for share in (0.5, 0.95, 0.99))
    return Times(len(ordered), middle, slow, slowest, sum(ordered) / len(ordered), failed)


def worst_window(rows: Iterable[Row]) -> float:
    """Percent that failed in the worst 5 s."""
    total: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for row in rows:
        window = int(row.at // WINDOW)
        total[window] += 1
        failed[window] += row.failed
    shares = [failed[one] / count for one, count in total.items() if count >= _LEAST]
    return 100 * max(shares, default=0.0)


def result(seen: Mapping[str, Any], providers: Mapping[str, Any], *, warm_up: float) -> Result:
    """The figures of what was seen after the warm-up.

    Args:
        seen: what `bench.app.application` writes.
        providers: what `bench.app.providers` writes.
        warm_up: seconds of the workload at the beginning that do not count.
    """
    rows = [row for one in seen["rows"] if (row := Row(*one)).at >= warm_up]
    calls = [Row(resource, 0.0, took, outcome) for _, resource, took, outcome in seen["calls"]]
    replies: Mapping[str, int] = seen["replies"]
    return Result(
        overall=times(rows),
        endpoints=_by_name(rows),
        worst=worst_window(rows),
        duplicates=sum(providers["duplicates"].values()),
        wrong=seen["wrong"],
        stale=seen["stale"],
        stale_labelled=seen["stale_labelled"],
        stale_of=seen["stale_of"],
        judged=seen["judged"],
        requests=sum(providers["requests"].values()) / len(rows),
        connections=providers["connections"],
        replies=100 * replies.get(OK, 0) / max(1, sum(replies.values())),
        failures=dict(Counter(row.outcome for row in rows if row.failed).most_common()),
        calls=_by_name(calls),
    )


def _by_name(rows: Iterable[Row]) -> dict[str, Times]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.endpoint, []).append(row)
    return {name: times(group) for name, group in groups.items()}
