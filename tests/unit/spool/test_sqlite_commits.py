import asyncio
import sqlite3
import threading

import pytest

from sidecar.spool.sqlite_commits import LARGEST, MOST, Closed, Commits


class Memory:
    """A session with a list, and faults on demand."""

    room = True

    def __init__(self, committed, faults):
        self.committed, self.faults = committed, faults
        self.pending = []
        self.closed = False

    def begin(self):
        self.pending = []

    def commit(self):
        for fault in self.faults:
            fault(self.pending)
        self.committed.append(list(self.pending))

    def rollback(self):
        self.pending = []

    def full(self):
        if self.room:
            self.faults.clear()
        return self.room

    def close(self):
        self.closed = True


def error(code):
    made = sqlite3.OperationalError("fault")
    made.sqlite_errorcode = code
    return made


@pytest.fixture
async def commits():
    committed, faults, sessions = [], [], []

    def session():
        sessions.append(Memory(committed, faults))
        return sessions[-1]

    made = Commits(session)
    made.committed, made.faults, made.sessions = committed, faults, sessions
    made.start()
    yield made
    await made.close()


def put(value):
    def work(session):
        session.pending.append(value)
        return value

    return work


class Gate:
    """Holds the thread up, so that what is asked for meanwhile comes together."""

    def __init__(self):
        self.event = threading.Event()

    def __call__(self, session):
        self.event.wait(5)


async def together(commits, *works, size=0):
    gate = Gate()
    first = asyncio.ensure_future(commits.do(gate))
    await asyncio.sleep(0.01)
    asked = [asyncio.ensure_future(commits.do(work, size)) for work in works]
    await asyncio.sleep(0)
    gate.event.set()
    await first
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_what_comes_together_is_committed_together_in_order(commits):
    assert await together(commits, *map(put, range(10))) == list(range(10))
    assert commits.committed[1:] == [list(range(10))]


async def test_one_commit_has_its_limits(commits):
    await together(commits, *map(put, range(MOST + 5)))
    assert [len(batch) for batch in commits.committed[1:]] == [MOST, 5]
    await together(commits, *map(put, range(4)), size=LARGEST // 2)
    assert [len(batch) for batch in commits.committed[4:]] == [2, 2]


async def test_one_that_fails_takes_no_other_with_it(commits):
    def bad(session):
        raise ValueError("bad")

    said = await together(commits, put(1), bad, put(2))
    assert (said[0], type(said[1]), said[2]) == (1, ValueError, 2)
    assert commits.committed[1:] == [[1], [2]]


async def test_where_the_disk_is_full_room_is_made_and_it_is_tried_once_more(commits):
    def full(pending):
        raise error(sqlite3.SQLITE_FULL)

    commits.faults.append(full)
    assert await commits.do(put(1)) == 1
    commits.faults.append(full)
    commits.sessions[0].room = False
    with pytest.raises(sqlite3.OperationalError):
        await commits.do(put(2))
    assert commits.committed == [[1]]
    assert len(commits.sessions) == 1


async def test_after_another_error_the_connection_is_made_anew(commits):
    def broken(pending):
        commits.faults.clear()
        raise error(sqlite3.SQLITE_IOERR)

    assert await commits.do(put(1)) == 1
    commits.faults.append(broken)
    with pytest.raises(sqlite3.OperationalError):
        await commits.do(put(2))
    assert commits.sessions[0].closed
    assert await commits.do(put(3)) == 3
    assert commits.committed == [[1], [3]]


async def test_a_wait_that_is_cancelled_does_not_undo_what_was_asked_for(commits):
    gate = Gate()
    first = asyncio.ensure_future(commits.do(gate))
    second = asyncio.ensure_future(commits.do(put(1)))
    await asyncio.sleep(0.01)
    second.cancel()
    gate.event.set()
    await first
    await commits.do(put(2))
    assert [value for batch in commits.committed for value in batch] == [1, 2]


async def test_closing_does_first_what_was_asked_for(commits):
    gate = Gate()
    first = asyncio.ensure_future(commits.do(gate))
    second = asyncio.ensure_future(commits.do(put(1)))
    await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(commits.close())
    await asyncio.sleep(0)
    with pytest.raises(Closed):
        await commits.do(put(2))
    commits.post(put(3))
    gate.event.set()
    await asyncio.gather(first, second, closing)
    assert [value for batch in commits.committed for value in batch] == [1]
    assert commits.sessions[0].closed
