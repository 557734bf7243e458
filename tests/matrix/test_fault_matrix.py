"""Plays the whole fault matrix: each fault on each call, once and always, over real sockets."""

import pytest

from tests.matrix.calls import (
    GENERATE,
    INSERT,
    KEYED_INSERT,
    KEYED_SEND,
    POST,
    SEND,
    STREAM,
)
from tests.matrix.expectations import TABLES
from tests.matrix.lines import lines_of
from tests.matrix.playing import play

PENDING: frozenset[tuple[str, str]] = frozenset()
"""Lines (fault, call) that are decided and not built yet; each must differ from what is seen."""

UNREPEATABLE = (POST, SEND, KEYED_SEND, INSERT, KEYED_INSERT, GENERATE, STREAM)

PLAYED = [
    pytest.param(table, row, id=f"{table.title.split(' ')[0].strip(':')}: {row.fault.name}")
    for table in TABLES
    for row in table.rows
]
LINES = [
    (row.fault, line) for table in TABLES for row in table.rows for line in lines_of(table, row)
]


@pytest.mark.parametrize(("table", "row"), PLAYED)
async def test_each_call_is_answered_and_sent_as_often_as_the_matrix_says(table, row):
    lines = lines_of(table, row)
    seen = await play(row.fault, tuple(line.call for line in lines))
    built = [line for line in lines if (line.fault, line.call.name) not in PENDING]
    assert {line.call.name: seen[line.call.name] for line in built} == {
        line.call.name: line.expected for line in built
    }
    for line in lines:
        assert line in built or seen[line.call.name] != line.expected, "no longer pending"


def test_what_may_be_done_twice_is_sent_twice_only_where_nothing_was_done():
    for fault, line in LINES:
        if line.call in UNREPEATABLE and not fault.undone:
            assert (line.once, line.always) == (1, 1), line


def test_what_is_pending_is_in_the_matrix():
    assert {(line.fault, line.call.name) for _, line in LINES} >= PENDING
