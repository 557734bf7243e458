"""What `sidecar top` shows and what its keys do. Pure: no terminal, no clock, no network."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sidecar.core.summary_rows import COLUMNS, SORTS, cells, number, ordered, percent, seconds
from sidecar.core.summary_windows import WINDOWS
from sidecar.telemetry.colour import Hue

WIDTH = 80
"""What it fits. Wider terminals show longer names."""

_WIDTHS: Mapping[str, int] = {
    "rate": 5,
    "p50": 5,
    "p95": 5,
    "p99": 5,
    "at_upstream": 5,
    "overhead": 5,
    "errors": 4,
    "breaker": 12,
    "cache": 4,
    "rescued": 4,
    "inflight": 3,
}
_LEFT = frozenset(("upstream", "breaker"))
_TAKEN = sum(_WIDTHS.values()) + len(_WIDTHS)
_SHORTEST_NAME = 8
_FRAME = 5
"""Lines that are no rows."""

_NOTEWORTHY = 0.01
"""The share of errors from which a row is coloured."""

_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z~]|O[A-Za-z])")
_ESCAPE, _ENTER, _ERASE = "\x1b", frozenset("\r\n"), frozenset("\x7f\b")


class Line(NamedTuple):
    """A line, and how it is coloured where there is colour."""

    text: str
    hue: Hue | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at, and how."""

    summary: Mapping[str, Any] | None = None
    """What the sidecar said last."""
    lost: float | None = None
    """Seconds since it was heard last, while it does not answer."""
    reason: str = ""
    """Why it does not."""
    window: str = "1m"
    sort: str = "worst"
    filter: str = ""
    editing: bool = False
    """Whether keys are the letters of the filter."""
    paused: bool = False
    over: bool = False
    """Whether it was asked to end."""


def pressed(view: View, keys: str) -> View:
    """What becomes of the view when these keys come. Unknown ones do nothing."""
    for key in _SEQUENCE.sub("", keys):  # arrows and such do nothing
        view = _edited(view, key) if view.editing else _commanded(view, key)
    return view


def _edited(view: View, key: str) -> View:
    if key in _ENTER:
        return replace(view, editing=False)
    if key == _ESCAPE:
        return replace(view, editing=False, filter="")
    if key in _ERASE:
        return replace(view, filter=view.filter[:-1])
    return replace(view, filter=(view.filter + key)[:40]) if key.isprintable() else view


def _commanded(view: View, key: str) -> View:
    changes: dict[str, Any] = {}
    match key.lower():
        case "q":
            changes["over"] = True
        case "s":
            changes["sort"] = _next(SORTS, view.sort)
        case "w":
            changes["window"] = _next(tuple(WINDOWS), view.window)
        case "f" | "/":
            changes["editing"] = True
        case " ":
            changes["paused"] = not view.paused
        case _ if key == _ESCAPE:
            changes["filter"] = ""
    return replace(view, **changes)


def _next(all_of: Sequence[str], one: str) -> str:
    return all_of[(all_of.index(one) + 1) % len(all_of)]


def screen(view: View, width: int = WIDTH, height: int = 24) -> list[Line]:
    """A whole screen, at most `height` lines of `width` columns."""
    lines = [*_header(view), Line("")]
    if view.summary is not None:
        rows = table(view, width)
        room = max(1, height - _FRAME)
        shown = rows[: room + 1]
        if len(rows) > len(shown):
            hidden = len(rows) - len(shown) + 1
            shown[-1] = Line(f"… and {hidden} more")
        lines += shown
    lines += [Line("")] * (height - 1 - len(lines))
    lines = [*lines[: height - 1], _keys(view)]
    return [Line(line.text[:width], line.hue) for line in lines]


def plain(view: View) -> str:
    """The same for a file or a pipe: all rows, no keys, no colour."""
    lines = [*_header(view), Line(""), *table(view, WIDTH)]
    return "\n".join(line.text.rstrip() for line in lines) + "\n"


def table(view: View, width: int) -> list[Line]:
    """The titles, and a row for each upstream that the filter lets through."""
    upstreams = (view.summary or {}).get("upstreams", ())
    wanted = view.filter.lower()
    chosen = [each for each in upstreams if wanted in str(each["name"]).lower()]
    longest = max((len(str(each["name"])) for each in chosen), default=0)
    name = max(_SHORTEST_NAME, min(max(longest, len("UPSTREAM")), width - _TAKEN))
    titles = Line(_row(COLUMNS, name), "dim")
    return [
        titles,
        *(Line(_row(cells(each), name), _hue(each)) for each in ordered(chosen, view.sort)),
    ]


def _row(texts: Mapping[str, str], name: int) -> str:
    widths = {"upstream": name, **_WIDTHS}
    return " ".join(
        _cut(texts[column], space).ljust(space) if column in _LEFT else texts[column].rjust(space)
        for column, space in widths.items()
    ).rstrip()


def _cut(text: str, space: int) -> str:
    return text if len(text) <= space else text[: space - 1] + "~"


def _hue(each: Mapping[str, Any]) -> Hue | None:
    states = {one["state"] for one in each["breakers"]}
    if states & {"open", "forced_open"}:
        return "red"
    trouble = (each["errors"]["ratio"] or 0.0) >= _NOTEWORTHY
    return "yellow" if trouble or "half_open" in states else None


def _header(view: View) -> Iterable[Line]:
    summary = view.summary
    if summary is None:
        yield Line(f"sidecar: {view.reason or 'asking'}", "red" if view.reason else None)
        return
    state = summary["state"]
    up = seconds(summary["uptime"])
    span = f"last {summary['window']:.0f} s"
    yield Line(
        f"sidecar {summary['version']}  {state}, up {up}  {span}{_remark(view)}", _alarm(view)
    )
    total = summary["total"]
    kinds = [f"{name} {count}" for name, count in total["errors"]["classes"].items() if count]
    errors = f"errors {percent(total['errors']['ratio'])}"
    shown = f"{number(total['rate'])} calls/s  {errors}" + (
        f" ({', '.join(kinds)})" if kinds else ""
    )
    yield Line(shown + _queue(summary["queue"]))


def _remark(view: View) -> str:
    """What is not as usual."""
    if view.lost is not None:
        return f"  lost {view.lost:.0f} s ago, retrying"
    reload = ((view.summary or {}).get("config") or {}).get("reload")
    failed = "  the configuration was not reloaded" if reload and not reload["ok"] else ""
    return failed + ("  paused" if view.paused else "")


def _alarm(view: View) -> Hue | None:
    if view.lost is not None:
        return "red"
    return "yellow" if _remark(view) else "bold"


def _queue(queue: Mapping[str, Any] | None) -> str:
    if queue is None:
        return ""
    depth = ", ".join(f"{count} {state}" for state, count in queue["depth"].items() if count)
    return f"  queue: {depth or 'empty'}" if queue["up"] else "  queue: down"


def _keys(view: View) -> Line:
    if view.editing:
        return Line(f"filter: {view.filter}_   enter to keep, esc to drop", "bold")
    chosen = f"s sort: {view.sort}   f filter: {view.filter or '-'}   w window: {view.window}"
    return Line(f"q quit   {chosen}   space {'go on' if view.paused else 'pause'}", "dim")
