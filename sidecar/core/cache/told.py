"""Decides what others are told of a write to a PostgREST table: each table that it touches.

Other sidecars may know rows by other columns, and give their reads other tags of rows; `t!` is
carried by every read of the table `t`, whoever made it. Pure.
"""

from sidecar.core.cache.tables import ALL, ANY_WRITE, Tables, target_of
from sidecar.exchange import Request


def tables_written(tables: Tables, request: Request) -> tuple[str, ...]:
    """The tags by which others drop what this request may have changed.

    None where it is not about tables. For each tag that `write_tags` gives, one that all answers
    carry which carry that one.
    """
    target = target_of(request)
    if target is None:
        return ()
    named = tables.rules.functions.get(target.name) if target.is_function else (target.name,)
    if named is None:
        return (ALL,)
    touched = [f"{table}!" for name in named for table in tables.changed_with(name)]
    return tuple(dict.fromkeys((ANY_WRITE, *touched)))
