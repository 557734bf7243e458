"""Calls that could be one, or be made before they are asked for: N+1, and one after the other.

Pure. A row within one trace is sure to be one request of the application's; one of the same caller
may be chance.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeVar

from sidecar.config.values import format_duration
from sidecar.core.advice.advice import Advice
from sidecar.core.advice.bursts import Follows
from sidecar.core.advice.learnt import Learnt, ShapeFigures, ShapeKey
from sidecar.core.advice.places import Place, Places
from sidecar.core.advice.shape import Shape

T = TypeVar("T")

LEAST_ROWS = 3
LEAST_CALLS = 5
"""In a row, on average."""
IN_ROWS = 0.5
"""The part of a shape's calls that are in rows."""
LEAST_FOLLOWED = 20
OFTEN = 0.6
"""How often the second call must follow the first."""

_TTL = 5.0
_TARGET = (
    "that the target names the right field and is written as the application writes it, with "
    "`select` and the parameters in its order: the cache tells targets apart by their bytes"
)
_ASK_FIRST = (
    "whether the calls are of one request of the application; with a `traceparent` header on them, "
    "that would be known"
)


def rows(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each shape that is mostly called in rows."""
    for (upstream, route, shape), figures in learnt.shapes.items():
        runs, place = figures.runs, places.find((upstream, route))
        if place is None or runs.count < LEAST_ROWS or runs.calls < LEAST_CALLS * runs.count:
            continue
        if runs.calls >= IN_ROWS * figures.calls:
            yield _row(place, shape, figures)


def _row(place: Place, shape: Shape, figures: ShapeFigures) -> Advice:
    runs = figures.runs
    parent = _most(runs.parents, runs.count)
    column = _most(runs.columns, runs.count)
    traced = runs.traced == runs.count
    average = runs.calls / runs.count
    return Advice(
        kind="n_plus_one",
        upstream=place.upstream,
        route=place.route.name,
        title=f"{shape.text} is called {average:.0f} times in a row, each time for another row",
        evidence={
            "rows_of_calls": runs.count,
            "calls": runs.calls,
            "longest": runs.longest,
            "seconds_per_row": round(runs.seconds / runs.count, 4),
            **({"after": parent.text} if parent is not None else {}),
            **({"differs_in": column} if column is not None else {}),
        },
        confidence="high" if traced else "medium",
        check=_TARGET if traced else f"{_ASK_FIRST}; and {_TARGET}",
        settings=_row_ahead(place, shape, figures) or {},
        text=_one_call(shape, parent, column),
        saved=runs.seconds * (1 - 1 / average),
    )


def _one_call(shape: Shape, parent: Shape | None, column: str | None) -> str:
    """How the application would ask once (docs.postgrest.org, operators; resource embedding)."""
    if not shape.table or column is None:
        return "ask for all of them in one call, if the API has one"
    once = f"{shape.path}?{column}=in.(ID,ID,…)"
    if parent is None or not parent.table or "/" in parent.table + shape.table:
        return f"ask once: {once}"
    embedded = f"{parent.path}?select=*,{shape.table}(*)"
    return f"ask once: {once}, or have the rows come with their parents: {embedded}"


def _row_ahead(place: Place, shape: Shape, figures: ShapeFigures) -> Mapping[str, object] | None:
    """Until the application is changed: the rows are fetched when their parents come."""
    runs = figures.runs
    parent, column = _most(runs.parents, runs.count), _most(runs.columns, runs.count)
    if parent is None or column is None or not shape.table or not parent.table:
        return None
    if tuple(each.column for each in shape.filters) != (column,):
        return None
    target = f"{shape.path}?{column}=eq.{{$[*].{_own(column, shape, parent)}}}"
    first = [{"target": target, "most": min(100, max(10, runs.longest))}]
    return _ahead(place, parent, shape, first)


def _ahead(
    place: Place, before: Shape, after: Shape, targets: list[dict[str, object]]
) -> Mapping[str, object] | None:
    """Both routes keep answers: only then is anything made ahead of use."""
    ttl = format_duration(_TTL)
    tags: dict[str, object] = {"tags": "table"} if before.table and after.table else {}
    first = place.reading(before, cache={"ttl": ttl, **tags, "prefetch": targets})
    second = place.reading(after, cache={"ttl": ttl, **tags})
    if first is None or second is None or first["name"] == second["name"]:
        return None
    return place.routes(first, second)


def _own(column: str, shape: Shape, parent: Shape) -> str:
    """What a row of the parent calls it.

    `contact_id` for the `id` of a contact, `id` for the `conversation_id` of a message; else the
    same.
    """
    if column == "id":
        return min(_stems(shape), key=len) + "_id"
    named = column.endswith("_id") and column.removesuffix("_id") in _stems(parent)
    return "id" if named else column


def _stems(shape: Shape) -> set[str]:
    """What one row of a table may be called."""
    name = shape.table.rpartition("/")[2]
    if name.endswith("ies"):
        return {name.removesuffix("ies") + "y"}
    return {name, name.removesuffix("s")}


def _most(counts: Counter[T], of: int) -> T | None:
    """What it was most of the time; None where it differs."""
    found = counts.most_common(1)
    return found[0][0] if found and found[0][1] * 2 >= of else None


def sequences(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each call that mostly follows another, and asks for what that one asked for."""
    shapes = learnt.shapes
    for (before, after), follows in learnt.pairs.items():
        place = places.find(before[:2])
        first = shapes.get(before)
        if place is None or first is None or before[:2] != after[:2]:
            continue
        if place.route.cache.prefetch or follows.count < LEAST_FOLLOWED:
            continue
        if follows.count >= OFTEN * first.calls:
            advice = _sequence(place, before[2], after, follows, shapes)
            if advice is not None:
                yield advice


def _sequence(
    place: Place,
    before: Shape,
    after: ShapeKey,
    follows: Follows,
    shapes: Mapping[ShapeKey, ShapeFigures],
) -> Advice | None:
    shape, found = after[2], shapes.get(after)
    link = _most(follows.same, follows.count)
    if link is None or found is None:
        return None
    operand, column = link
    median = found.times.quantile(0.5)
    settings: Mapping[str, object] | None = None
    if tuple(each.column for each in shape.filters) == (column,) and not shape.order:
        target = f"{shape.path}?{column}={{?{operand}}}"
        settings = _ahead(place, before, shape, [{"target": target}])
    traced = follows.traced == follows.count
    return Advice(
        kind="sequence",
        upstream=place.upstream,
        route=place.route.name,
        title=f"{shape.text} follows {before.text}, for the same {column}",
        evidence={
            "times": follows.count,
            "gap_seconds": round(follows.gap / follows.count, 4),
            "p50_seconds": round(median, 4),
        },
        confidence="high" if traced else "medium",
        check=_TARGET if traced else f"{_ASK_FIRST}; and {_TARGET}",
        settings=settings or {},
        text="make both calls at the same time",
        saved=follows.count * median,
    )
