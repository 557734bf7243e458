"""Reads from the registry what windows are made of: the same counters that `/metrics` exports.

Knows the names of metrics and how they are labelled; nothing of windows or of figures.
"""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from sidecar.core.summary import Cell

_Take = Callable[[Metric, dict[Cell, float]], None]


def read(registry: CollectorRegistry) -> dict[Cell, float]:
    """All totals that are not 0, as they stand.

    Takes a few milliseconds for each hundred routes: call it in a thread.
    """
    found: dict[Cell, float] = {}
    for family in registry.collect():
        take = _TAKEN.get(family.name)
        if take is not None:
            take(family, found)
    return found


def _counter(name: str, mark: str = "") -> _Take:
    """All series of a route as one; or, with `mark`, one for each value of that label."""

    def take(family: Metric, found: dict[Cell, float]) -> None:
        for sample in _ending(family, "_total"):
            labels = sample.labels
            value = labels[mark] if mark else ""
            _add(found, _cell(labels, name, value), sample.value)

    return take


def _buckets(name: str) -> _Take:
    """One for each bucket, marked with its bounds."""

    def take(family: Metric, found: dict[Cell, float]) -> None:
        below, lower = 0.0, "0"
        for sample in family.samples:
            if not sample.name.endswith("_bucket"):
                below, lower = 0.0, "0"  # what follows is another histogram
                continue
            bound = sample.labels["le"]
            if sample.value != below:
                cell = _cell(sample.labels, name, f"{lower} {bound}")
                _add(found, cell, sample.value - below)
                below = sample.value
            lower = bound

    return take


def _attempts(family: Metric, found: dict[Cell, float]) -> None:
    for suffix, name in (("_count", "sent"), ("_sum", "attempts")):
        for sample in _ending(family, suffix):
            _add(found, _cell(sample.labels, name), sample.value)


def _bytes(family: Metric, found: dict[Cell, float]) -> None:
    for sample in _ending(family, "_total"):
        _add(found, _cell(sample.labels, sample.labels["direction"]), sample.value)


def _tokens(family: Metric, found: dict[Cell, float]) -> None:
    for sample in _ending(family, "_sum"):
        _add(found, _cell(sample.labels, "tokens", sample.labels["type"]), sample.value)


def _cached_tokens(family: Metric, found: dict[Cell, float]) -> None:
    for sample in _ending(family, "_total"):
        _add(found, _cell(sample.labels, "tokens", "cached"), sample.value)


_TAKEN: Mapping[str, _Take] = {
    "sidecar_exchanges": _counter("calls"),
    "sidecar_failures": _counter("failed", "kind"),
    "sidecar_exchange_attempts": _attempts,
    "sidecar_exchange_duration_seconds": _buckets("duration"),
    "sidecar_upstream_first_byte_seconds": _buckets("first_byte"),
    "sidecar_overhead_seconds": _buckets("overhead"),
    "sidecar_bytes": _bytes,
    "sidecar_cache_requests": _counter("cache", "result"),
    "sidecar_cache_saved_seconds": _counter("saved"),
    "sidecar_retries": _counter("repeated"),
    "sidecar_retry_rescued": _counter("rescued"),
    "sidecar_tokens": _tokens,
    "sidecar_tokens_cached": _cached_tokens,
}
"""By the name of a family, which has no `_total`."""


def _ending(family: Metric, suffix: str) -> Iterable[Sample]:
    return (sample for sample in family.samples if sample.name.endswith(suffix))


def _cell(labels: Mapping[str, str], name: str, mark: str = "") -> Cell:
    return Cell(labels["upstream"], labels.get("route", ""), name, mark)


def _add(found: dict[Cell, float], cell: Cell, value: float) -> None:
    if value:
        found[cell] = found.get(cell, 0.0) + value
