"""A spool of a million must be as quick as one of ten: each statement goes by an index."""

import asyncio
import re
from contextlib import closing

import pytest

from sidecar.spool import (
    sqlite_adding,
    sqlite_care,
    sqlite_finding,
    sqlite_moves,
    sqlite_places,
    sqlite_reading,
    sqlite_sending,
)
from sidecar.spool.sqlite_schema import connect
from tests.support.spools import added

MODULES = (
    sqlite_adding,
    sqlite_care,
    sqlite_moves,
    sqlite_places,
    sqlite_reading,
    sqlite_sending,
)
STATEMENTS = [
    pytest.param(value, id=f"{module.__name__.rpartition('.')[2]}{name}")
    for module in MODULES
    for name, value in vars(module).items()
    if name != "SELECT"
    and isinstance(value, str)
    and re.search(r"\bFROM (deliveries|events)\b", value)
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_looks_at_all_rows_or_sorts_them(statement, tmp_path):
    (tmp_path / "spool.db").touch()
    connection = connect(tmp_path / "spool.db", 1 << 20)
    asked = (0,) * statement.count("?")
    plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", asked)]
    connection.close()
    assert plan
    assert not [step for step in plan if re.search(r"SCAN deliveries|TEMP B-TREE", step)]


@pytest.mark.parametrize(
    ("statement", "index"), [(sqlite_moves._HEAD, "heads"), (sqlite_moves._FIRST, "lanes")]
)
def test_a_lane_is_not_looked_through_for_the_one_that_is_next(statement, index, tmp_path):
    """Or each message to somebody costs as much as there are messages to them."""
    (tmp_path / "spool.db").touch()
    connection = connect(tmp_path / "spool.db", 1 << 20)
    ((_, _, _, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("a",))
    connection.close()
    assert plan.startswith(f"SEARCH deliveries USING INDEX {index} ")


@pytest.mark.parametrize("state", [None, "queued", "failed"])
@pytest.mark.parametrize("filters", [{}, {"upstream": "a", "route": "b"}])
def test_finding_goes_by_an_index(state, filters, tmp_path):
    (tmp_path / "spool.db").touch()
    connection = connect(tmp_path / "spool.db", 1 << 20)
    search = sqlite_finding.Search((), filters, newest_first=True)
    page = sqlite_finding._page(search, state, "1", "0", 10)
    edge = sqlite_finding._edge(search, state, "1", 10)
    for statement, asked in (page, edge):
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", asked)]
        assert re.match("SEARCH deliveries USING (COVERING )?INDEX", plan[0])
        assert not [step for step in plan if "TEMP B-TREE" in step]
    connection.close()


@pytest.mark.parametrize("newest_first", [False, True])
async def test_finding_holds_up_nobody_who_asks_something_else(newest_first, opened, monkeypatch):
    monkeypatch.setattr(sqlite_finding, "_LOOK", 10)
    spool = await opened()
    await added(spool, 50)
    (rare,) = await added(spool, upstream="gemini")
    await added(spool, 50)
    finding = asyncio.ensure_future(spool.find(upstream="gemini", newest_first=newest_first))
    await asyncio.sleep(0)
    assert await spool.is_waiting("whatsapp")
    assert not finding.done()
    assert [one.id for one in await finding] == [rare]


def test_there_are_statements_to_look_at():
    assert len(STATEMENTS) >= 12


@pytest.mark.parametrize("asked", [("whatsapp", "a"), ("gemini", "b"), ("gemini", ""), ("x", "")])
async def test_whether_something_waits_is_seen_at_once_however_much_does(asked, opened, tmp_path):
    spool = await opened()
    await added(spool, 300, lane="a")
    await added(spool, 1, lane="b", upstream="gemini")
    steps = []
    with closing(connect(tmp_path / "spool.db", 1 << 20)) as connection:
        connection.set_progress_handler(lambda: steps.append(1), 1)
        assert sqlite_reading.is_waiting(connection, *asked) == (asked[0] != "x")
    assert len(steps) < 100
