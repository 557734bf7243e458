"""A thread that writes to a database: what is asked for at the same time shares one commit.

So one `fsync` serves many (group commit). Where a commit fails, each is tried for itself: one
that cannot be done takes no other with it. Knows nothing of what is written.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")

MOST = 256
"""How many share a commit at most."""
LARGEST = 4 * 1024 * 1024
"""Bytes that share a commit at most, and one more."""
_HARMLESS = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CONSTRAINT}
"""After any other error of SQLite, the connection is made anew."""


class Session(Protocol):
    """What the work is done with: a connection, and what goes with a transaction of it."""

    def begin(self) -> None:
        """Begin a transaction.

        Raises:
            sqlite3.Error, OSError: it cannot be begun.
        """
        ...

    def commit(self) -> None:
        """Make it durable."""
        ...

    def rollback(self) -> None:
        """As if it had not been begun, also where it was not; never raises."""
        ...

    def full(self) -> bool:
        """Make room on the disk, where it is full; whether there is some now. Never raises."""
        ...

    def close(self) -> None:
        """Give the connection back; never raises."""
        ...


S = TypeVar("S", bound=Session)


class _Job(NamedTuple):
    work: Callable[[Any], Any]
    size: int = 0
    future: "asyncio.Future[Any] | None" = None
    loop: asyncio.AbstractEventLoop | None = None


class Closed(Exception):
    """It was closed."""


class Commits(Generic[S]):
    """The thread.

    Args:
        session: makes a session; called in the thread, and again after an error.
    """

    def __init__(self, session: Callable[[], S]) -> None:
        self._make = session
        self._session: S | None = None
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._closed = False
        self.commits = 0
        """How many transactions were committed."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def do(self, work: Callable[[S], T], size: int = 0) -> T:
        """What `work` returns, once what it did is durable. It may be called more than once.

        Work is done in the order of the calls. A wait that is cancelled does not undo it.

        Args:
            work: what is to be done in a transaction.
            size: bytes that it writes, where they are many.

        Raises:
            Closed: it was closed.
            Exception: what `work`, or the commit, raises.
        """
        if self._closed:
            raise Closed
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, size, future, loop))
        return await future

    def post(self, work: Callable[[S], Any]) -> None:
        """Have it done, as `do`, without waiting; nobody is told what became of it."""
        if not self._closed:
            self._jobs.put(_Job(work))

    async def close(self) -> None:
        """Do what was asked for, and end the thread; idempotent."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        going = True
        while going:
            batch, going = self._next()
            outcomes = self._together(batch) or [self._alone(job) for job in batch]
            _tell(batch, outcomes)
        self._drop()

    def _next(self) -> tuple[list[_Job], bool]:
        """What waits, at least one; and whether more may come."""
        batch: list[_Job] = []
        size = 0
        while len(batch) < MOST and size < LARGEST and not (batch and self._jobs.empty()):
            job = self._jobs.get()
            if job is None:
                return batch, False
            batch.append(job)
            size += job.size
        return batch, True

    def _together(self, batch: list[_Job]) -> "list[Any | _Failure] | None":
        """The outcomes of all by one commit; None where that did not succeed."""
        if len(batch) < 2:
            return None
        try:
            return list(self._transaction([job.work for job in batch]))
        except Exception:  # whose fault it is, is seen when each is alone
            return None

    def _alone(self, job: _Job) -> "Any | _Failure":
        try:
            return self._transaction([job.work])[0]
        except Exception as error:  # for whoever asked
            if not self._made_room(error):
                return _Failure(error)
        try:
            return self._transaction([job.work])[0]
        except Exception as error:  # for whoever asked
            return _Failure(error)

    def _made_room(self, error: Exception) -> bool:
        full = _code(error) == sqlite3.SQLITE_FULL
        return full and self._session is not None and self._session.full()

    def _transaction(self, works: list[Callable[[S], Any]]) -> list[Any]:
        try:
            if self._session is None:
                self._session = self._make()
            session = self._session
            session.begin()
            outcomes = [work(session) for work in works]
            session.commit()
        except BaseException as error:
            if self._session is not None:
                self._session.rollback()
            if isinstance(error, sqlite3.Error | OSError) and _code(error) not in _HARMLESS:
                self._drop()
            raise
        self.commits += 1
        return outcomes

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


class _Failure(NamedTuple):
    error: Exception


def _code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for an error that did not come from SQLite."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _tell(batch: list[_Job], outcomes: list[Any]) -> None:
    """Hand out what became of each, with one call for each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any]]] = {}
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.loop is not None:
            loops.setdefault(job.loop, []).append((job, outcome))
    for loop, told in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve, told)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(told: list[tuple[_Job, Any]]) -> None:
    for job, outcome in told:
        if job.future is None or job.future.done():
            continue
        if isinstance(outcome, _Failure):
            job.future.set_exception(outcome.error)
        else:
            job.future.set_result(outcome)
