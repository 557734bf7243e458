"""The tables of a run, as Markdown and for the terminal. Pure."""

from collections.abc import Mapping, Sequence

from bench.app.figures import Result, Times
from bench.app.spec import Reported
from bench.app.targets import verdicts

Lines = list[list[str]]


def overall(results: Mapping[str, Result]) -> Lines:
    """One line for each contender."""
    head = [
        "",
        "p50 / p95 / p99, ms",
        "5xx, %",
        "worst 5 s, %",
        "duplicates",
        "wrong user",
        "stale after own write",
        "provider requests per request",
        "bot replies, %",
    ]
    return [head, *(_overall(name, one) for name, one in results.items())]


def _overall(name: str, one: Result) -> list[str]:
    stale = str(one.stale) + (f" (+{one.stale_labelled} labelled)" if one.stale_labelled else "")
    return [
        name,
        _times(one.overall),
        f"{one.overall.failed:.2f}",
        f"{one.worst:.0f}",
        str(one.duplicates),
        str(one.wrong),
        stale,
        f"{one.requests:.2f}",
        f"{one.replies:.1f}",
    ]


def endpoints(results: Mapping[str, Result], reported: Mapping[str, Reported]) -> Lines:
    """One line for each endpoint: p50 / p95 / p99 in ms, and percent of 5xx."""
    lines = [["endpoint (reported: before → after)", *results]]
    for name, one in reported.items():
        found = [result.endpoints.get(name) for result in results.values()]
        cells = [f"{_times(times)} · {times.failed:.1f}" if times else "-" for times in found]
        lines.append([f"{name} ({one.before:,.0f} → {one.after:,.0f})", *cells])
    return lines


def calls(results: Mapping[str, Result], most: int = 12) -> Lines:
    """Where the time goes: one line for each resource, those first that the last named waits for.

    A cell is the mean of the call, and its share of all the time that the application waits.
    """
    last = list(results.values())[-1].calls
    names = sorted(last, key=lambda name: -last[name].mean * last[name].count)[:most]
    body = [[name, *(_share(one.calls, name) for one in results.values())] for name in names]
    return [["call", *results], *body]


def _share(calls: Mapping[str, Times], name: str) -> str:
    if name not in calls:
        return "-"
    total = sum(one.mean * one.count for one in calls.values())
    return f"{calls[name].mean:,.0f} ms, {calls[name].mean * calls[name].count / total:.0%}"


def failures(results: Mapping[str, Result], most: int = 6) -> list[str]:
    """What failed most often, and which reads were too old, in a line for each contender."""
    lines = []
    for name, one in results.items():
        said = [f"{count} x {reason}" for reason, count in list(one.failures.items())[:most]]
        said += [f"{count} stale x {resource}" for resource, count in one.stale_of.items()]
        if said:
            lines.append(f"{name}: {', '.join(said)}")
    return lines


def goals(results: Mapping[str, Result], reported: Mapping[str, Reported]) -> Lines:
    """One line for each target."""
    found = verdicts(results, reported)
    body = [[name, *verdict[:3], "yes" if verdict.met else "**no**"] for name, verdict in found]
    return [["", "target", "wanted", "measured", "met"], *body]


def _times(times: Times) -> str:
    return f"{times.p50:,.0f} / {times.p95:,.0f} / {times.p99:,.0f}"


def markdown(lines: Lines) -> str:
    """A table; the first column is text, all others numbers."""
    head, *body = [["| " + " | ".join(line) + " |"][0] for line in lines]
    return "\n".join([head, "|---" + "|--:" * (len(lines[0]) - 1) + "|", *body])


def plain(lines: Lines) -> str:
    """The same, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def document(
    results: Mapping[str, Result],
    reported: Mapping[str, Reported],
    *,
    title: str,
    facts: Sequence[str],
    plot: str,
) -> str:
    """The Markdown page of a run; written by the benchmark, not by hand."""
    return "\n".join(
        [
            f"# {title}",
            "",
            "Milliseconds, over all requests, failed ones included.",
            "",
            markdown(overall(results)),
            "",
            f"![How many requests take how long]({plot})",
            "",
            "Each endpoint: p50 / p95 / p99 · percent of 5xx.",
            "",
            markdown(endpoints(results, reported)),
            "",
            "The mean of each call, and its share of the time that is waited for all calls:",
            "",
            markdown(calls(results)),
            "",
            "What failed, and what was too old:",
            "",
            *(f"- {line}" for line in failures(results)),
            "",
            "Targets:",
            "",
            markdown(goals(results, reported)),
            "",
            *(f"- {fact}" for fact in facts),
            "",
        ]
    )
