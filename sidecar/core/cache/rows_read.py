"""Decides what an answer says of a table's rows: which there are, and what keys they have.

Pure. Source: docs.postgrest.org, "Tables and Views" (`select`, renaming and casting of columns).
"""

import re
from typing import NamedTuple

from sidecar.core.cache.row_keys import id_of
from sidecar.core.cache.tables import Tables, new_rows, parameters, pinned_values, target_of
from sidecar.core.json_path import Json
from sidecar.exchange import Request

_PLAIN = re.compile(r"(?:\*|\w+)(?:,(?:\*|\w+))*")


class Asked(NamedTuple):
    """A read of which the answer says something."""

    table: str
    ids: frozenset[str]
    """By which the rows are chosen; empty where they are not."""


def asked_of(tables: Tables, request: Request) -> Asked | None:
    """What is worth looking for in the answer to this request; None where nothing is."""
    target = target_of(request)
    if target is None or target.is_function or tables.made_from(target.name) != (target.name,):
        return None
    query = parameters(request)
    if not has_own_names(query):
        return None
    ids = frozenset(pinned_values(query).get("id", ()))
    return Asked(target.name, ids) if ids or tables.keys.is_wanted(target.name) else None


def has_own_names(query: list[tuple[str, str]]) -> bool:
    """Whether an answer has columns under their own names: none renamed, embedded, computed, cast.

    Under another name, one column's value would be taken for that of another.
    """
    return all(_PLAIN.fullmatch(value) for name, value in query if name == "select")


def rows_of(answer: Json) -> list[Json]:
    """The rows of an answer: a list of them, or the one that was asked for as an object."""
    return answer if isinstance(answer, list) else [answer]


def is_complete(asked: Asked, rows: list[Json]) -> bool:
    """Whether all rows that were chosen by `id` are there, so that a new one changes nothing."""
    found = {id_of(row) for row in rows if isinstance(row, dict)}
    return bool(asked.ids) and asked.ids <= found


def outlived(asked: Asked) -> str:
    """The tag that a complete answer does not need."""
    return new_rows(asked.table)
