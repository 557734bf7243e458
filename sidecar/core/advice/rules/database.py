"""What a PostgREST database lacks: indexes for slow filters and orders, and pages by key.

Pure. Sources: PostgreSQL, "Indexes" 11.3 (columns compared for equality first), 11.4 (order),
"CREATE INDEX" (CONCURRENTLY); docs.postgrest.org, "Tables and Views".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sidecar.core.advice.advice import Advice, Confidence
from sidecar.core.advice.learnt import Learnt, ShapeFigures, ShapeKey
from sidecar.core.advice.places import Places
from sidecar.core.advice.shape import Order, Shape

LEAST = 20
"""Calls below which a median says little."""
SLOW = 0.04
"""Seconds: what is faster is fast enough."""
SLOWER = 3.0
"""The median over that of the fastest shape of the upstream, which says how far away it is."""
ALONE = 0.1
"""Seconds that are slow where there is nothing to compare with."""
LEAST_DEEP = 10

_LONGEST_NAME = 63
_MOST_COLUMNS = 4
_PRIMARY = "id"


class Index(NamedTuple):
    """One index that would help."""

    table: str
    method: str
    """`btree`, or `gin` for what is in a value."""
    columns: tuple[str, ...]
    """As they are written, with their direction."""

    @property
    def name(self) -> str:
        """Of table and columns, as short as PostgreSQL wants it (4.1.1: 63 bytes)."""
        columns = [each.replace('"', "").split(" ")[0] for each in self.columns]
        words = [self.table.rpartition("/")[2], *columns, "idx"]
        return "_".join(words)[-_LONGEST_NAME:].lstrip("_")

    @property
    def sql(self) -> str:
        """The statement; it locks nothing out, and does nothing where it has been run."""
        schema, _, table = self.table.rpartition("/")
        where = f"{quoted(schema or 'public')}.{quoted(table)}"
        using = "" if self.method == "btree" else f" USING {self.method}"
        columns = ", ".join(self.columns)
        made = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {quoted(self.name)}"
        return f"{made} ON {where}{using} ({columns});"

    def covers(self, other: "Index") -> bool:
        """Whether the other is of no use beside this one: it is the beginning of it."""
        same = (self.table, self.method) == (other.table, other.method)
        return same and self.columns[: len(other.columns)] == other.columns


def quoted(name: str) -> str:
    """An SQL identifier, as it is (PostgreSQL 4.1.1)."""
    return '"' + name.replace('"', '""') + '"'


def index_for(shape: Shape) -> Index | None:
    """The index by which the rows of a shape would be found; None where none would help.

    Equality first, the most telling column of all in front; then the order, or else a range: one
    index can give either, and the order of rows that are already few is cheap.
    """
    equal = sorted(shape.columns("equal"), key=_telling)
    if not shape.table or _PRIMARY in equal:
        return None
    if contained := shape.columns("contains"):
        return Index(shape.table, "gin", (quoted(contained[0]),))
    columns = [quoted(each) for each in equal]
    ordered = [each for each in shape.order if each.column not in equal]
    ranges = [each for each in shape.columns("range") if each not in equal]
    if ordered and ordered[0].column != _PRIMARY:
        columns += [_ordered(each) for each in ordered]
    elif ranges:
        columns.append(quoted(ranges[0]))
    if not columns:
        return None
    return Index(shape.table, "btree", tuple(columns[:_MOST_COLUMNS]))


def _ordered(order: Order) -> str:
    """`"timestamp" DESC`, and where NULLs go if it is not where they go by themselves."""
    usual = "first" if order.direction == "desc" else "last"
    nulls = f" NULLS {order.nulls.upper()}" if order.nulls not in ("", usual) else ""
    return quoted(order.column) + (" DESC" if order.direction == "desc" else "") + nulls


def _telling(column: str) -> tuple[int, str]:
    return (0 if column.endswith("_id") else 1, column)


def indexes(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each index, whatever number of shapes it would help."""
    shapes = {key: each for key, each in learnt.shapes.items() if _counts(key[2], each)}
    medians = {key: each.times.quantile(0.5) for key, each in shapes.items()}
    quick = _quickest(medians)
    wanted: dict[tuple[str, Index], _Found] = {}
    for key, figures in shapes.items():
        index, median = index_for(key[2]), medians[key]
        fastest = next((medians[other] for other in quick[key[0]] if other != key), None)
        least = max(SLOW, SLOWER * fastest) if fastest is not None else ALONE
        if index is not None and median >= least and places.find(key[:2]) is not None:
            wanted.setdefault((key[0], index), []).append((key, figures, fastest))
    for (upstream, index), found in _widest(wanted):
        yield _index(upstream, index, found)


def _counts(shape: Shape, figures: ShapeFigures) -> bool:
    return bool(shape.table) and shape.method == "GET" and figures.times.count >= LEAST


def _quickest(medians: Mapping[ShapeKey, float]) -> Mapping[str, list[ShapeKey]]:
    """Of each upstream the two shapes with the lowest medians, one of which is another than any."""
    found: dict[str, list[ShapeKey]] = {}
    for key in sorted(medians, key=lambda each: medians[each]):
        first = found.setdefault(key[0], [])
        if len(first) < 2:
            first.append(key)
    return found


_Found = list[tuple[ShapeKey, ShapeFigures, float | None]]


def _widest(
    wanted: Mapping[tuple[str, Index], _Found],
) -> Iterable[tuple[tuple[str, Index], _Found]]:
    """Without those that are the beginning of another; their shapes count for that one."""
    kept: dict[tuple[str, Index], _Found] = {}
    for key in sorted(wanted, key=lambda each: -len(each[1].columns)):
        wider = next((k for k in kept if k[0] == key[0] and k[1].covers(key[1])), key)
        kept.setdefault(wider, []).extend(wanted[key])
    return kept.items()


def _index(upstream: str, index: Index, found: _Found) -> Advice:
    (_, route, shape), slowest, fastest = max(found, key=lambda each: each[1].times.sum)
    median = slowest.times.quantile(0.5)
    known = fastest is not None and median >= 5 * fastest
    confidence: Confidence = "high" if known and not shape.partly else "medium"
    table = index.table.rpartition("/")[2]
    return Advice(
        kind="index",
        upstream=upstream,
        route=route,
        title=f"{shape.text} takes {median:.3f} s; an index on {table} would find its rows",
        evidence={
            "calls": sum(each.times.count for _, each, _ in found),
            "shapes": len(found),
            "p50_seconds": round(median, 4),
            "p95_seconds": round(slowest.times.quantile(0.95), 4),
            **({"fastest_p50_seconds": round(fastest, 4)} if fastest is not None else {}),
        },
        confidence=confidence,
        check="EXPLAIN (ANALYZE, BUFFERS) of the query; whether there is such an index already; "
        "and that the statement is run alone: CONCURRENTLY does not work in a transaction",
        sql=index.sql,
        saved=sum(
            max(0.0, each.times.sum - each.times.count * (quick or 0.0)) for _, each, quick in found
        ),
    )


def paging(learnt: Learnt, places: Places) -> Iterator[Advice]:
    """One for each shape that is paged through by passing over ever more rows."""
    for (upstream, route, shape), figures in learnt.shapes.items():
        place, deep = places.find((upstream, route)), figures.deep
        if place is None or not shape.table or deep.count < LEAST_DEEP:
            continue
        slow, quick = deep.quantile(0.5), figures.shallow.quantile(0.5)
        yield Advice(
            kind="paging",
            upstream=upstream,
            route=route,
            title=f"{shape.text} passes over up to {figures.deepest} rows: the database reads them "
            "all, each time",
            evidence={
                "deep_calls": deep.count,
                "deepest_offset": figures.deepest,
                "deep_p50_seconds": round(slow, 4),
                "shallow_p50_seconds": round(quick, 4),
            },
            confidence="high" if quick and slow >= 2 * quick else "medium",
            check="that the order is total: its last column must be unique",
            text=_by_key(shape),
            saved=max(0.0, deep.count * (slow - quick)),
        )


def _by_key(shape: Shape) -> str:
    """The next page as a filter (use-the-index-luke.com, "We need tool support for keyset")."""
    order = shape.order[0] if shape.order else Order(_PRIMARY)
    than = "lt" if order.direction == "desc" else "gt"
    sort = f"{order.column}.{order.direction}"
    if order.column == _PRIMARY:
        return f"go on after the last row: order={sort}&{_PRIMARY}={than}.LAST_ID&limit=N"
    tie = f"and({order.column}.eq.LAST,{_PRIMARY}.{than}.LAST_ID)"
    return (
        f"go on after the last row: order={sort},{_PRIMARY}.{order.direction}"
        f"&or=({order.column}.{than}.LAST,{tie})&limit=N"
    )
