"""PostgREST's filters: `id=eq.1`, `or=(a.is.null,not.and(b.gt.2,c.in.(x,y)))`. Pure.

A condition answers True, False or None: SQL's third value, for comparisons with NULL.
Source: docs.postgrest.org, "Tables and Views", horizontal filtering.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.demo.supabase.postgrest.errors import unparsable
from sidecar.demo.supabase.postgrest.expressions import expression
from sidecar.demo.supabase.postgrest.operators import Test, operator
from sidecar.demo.supabase.postgrest.scanner import enclosed, split, unquote
from sidecar.demo.supabase.postgrest.schema import Row, Table, cast

Condition = Callable[[Row], bool | None]


@dataclass(frozen=True, slots=True)
class Equal:
    """The commonest condition, `column=eq.value`, apart so that it can be decided fast."""

    column: str
    value: Any

    def __call__(self, row: Row) -> bool | None:
        """Whether the row has the value."""
        there = row[self.column]
        return None if there is None else bool(there == self.value)


_FILTER = re.compile(r"(not\.)?(\w+)(?:\((\w+)\))?\.(.*)", re.DOTALL)
_GROUP = re.compile(r"(not\.)?(and|or)\((.*)\)", re.DOTALL)


def condition(table: Table, name: str, value: str) -> Condition:
    """The condition of one query parameter.

    Raises:
        PostgrestError: the filter cannot be parsed, or names no column of `table`.
    """
    if name in ("and", "or", "not.and", "not.or"):
        inner = enclosed(value)
        if inner is None:
            raise unparsable("logic tree", f"{name}{value}", 'expecting "("')
        negated = name.startswith("not.")
        return _group(table, name.removeprefix("not."), inner, negated=negated)
    return _filter(table, name, value, in_group=False)


def every(conditions: Sequence[Condition]) -> Condition:
    """True where all are true."""

    def holds(row: Row) -> bool | None:
        results = [test(row) for test in conditions]
        return False if False in results else None if None in results else True

    return holds


def either(conditions: Sequence[Condition]) -> Condition:
    """True where one is true."""

    def holds(row: Row) -> bool | None:
        results = [test(row) for test in conditions]
        return True if True in results else None if None in results else False

    return holds


def inverse(test: Condition) -> Condition:
    """True where `test` is false; unknown stays unknown."""

    def holds(row: Row) -> bool | None:
        result = test(row)
        return None if result is None else not result

    return holds


def _group(table: Table, word: str, inner: str, *, negated: bool) -> Condition:
    items = [_item(table, item.strip()) for item in split(inner)]
    if not items:
        raise unparsable("logic tree", f"({inner})", "expecting a filter")
    combined = every(items) if word == "and" else either(items)
    return inverse(combined) if negated else combined


def _item(table: Table, text: str) -> Condition:
    if match := _GROUP.fullmatch(text):
        return _group(table, match[2], match[3], negated=bool(match[1]))
    parts = split(text, ".")
    if len(parts) < 3:
        raise unparsable("logic tree", text, "expecting column.operator.value")
    return _filter(table, parts[0], text[len(parts[0]) + 1 :], in_group=True)


def _filter(table: Table, name: str, text: str, *, in_group: bool) -> Condition:
    match = _FILTER.fullmatch(text)
    if match is None:
        raise unparsable("filter", text, "expecting operator.value")
    negated, word, modifier, operand = match.groups()
    column = expression(table, name)
    # Only inside a group do quotes around a single value belong to the grammar.
    operand = unquote(operand) if in_group else operand
    test = operator(word, modifier or "", operand, column.kind, text)
    plain: Condition = _on(column.of, test)
    if word == "eq" and not modifier and not column.steps:
        plain = Equal(column.column, cast(column.kind, operand))
    return inverse(plain) if negated else plain


def _on(value_of: Callable[[Row], object], test: Test) -> Condition:
    return lambda row: test(value_of(row))
