"""A panel of the dashboard, and how its queries are written. Knows no metric and no layout."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

PROCESS = 'job=~"$job", instance=~"$instance"'
OURS = f'{PROCESS}, upstream=~"$upstream"'

Queries = Mapping[str, str]
"""Expressions by the text of their legend."""


class Panel(NamedTuple):
    """One picture."""

    title: str
    unit: str
    queries: Queries
    text: str = ""
    """What it says, for whoever does not know."""
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    stacked: bool = False
    exemplars: bool = False
    steps: Sequence[tuple[float | None, str]] = ()
    """From which value on it has which colour."""


class Row(NamedTuple):
    """A heading, and the panels under it."""

    title: str
    panels: Sequence[Panel]


def chosen(metric: str, only: str = "", where: str = OURS) -> str:
    """The series of the job, instance and upstream that are looked at."""
    return f"{metric}{{{where}{', ' * bool(only)}{only}}}"


def rate(metric: str, only: str = "", where: str = OURS) -> str:
    """How fast they grow."""
    return f"rate({chosen(metric, only, where)}[$__rate_interval])"


def rates(metric: str, *by: str, named: str = "", only: str = "", where: str = OURS) -> Queries:
    """How fast a counter grows, by its labels."""
    return {_legend(by, named): f"sum by ({', '.join(by)}) ({rate(metric, only, where)})"}


def gauges(
    metric: str, *by: str, named: str = "", only: str = "", where: str = OURS, how: str = "sum"
) -> Queries:
    """How a gauge stands, by its labels."""
    return {_legend(by, named): f"{how} by ({', '.join(by)}) ({chosen(metric, only, where)})"}


def quantiles(metric: str, *quantile: float, by: str = "upstream", where: str = OURS) -> Queries:
    """Quantiles of a histogram, by labels."""
    of = f"sum by (le, {by}) ({rate(metric + '_bucket', where=where)})"
    legend = _legend(by.split(", "), "")
    return {f"{legend} p{each * 100:g}": f"histogram_quantile({each}, {of})" for each in quantile}


def _legend(labels: Sequence[str], named: str) -> str:
    return " ".join([*(f"{{{{{label}}}}}" for label in labels), *([named] if named else [])])
