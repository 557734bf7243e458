"""The spool's disk in virtual time: the real SQLite file, whose commits take simulated time.

A process that dies loses what it had not committed, and the kernel gives its locks back.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from sidecar.spool import sqlite as sqlite_spool
from sidecar.spool import sqlite_access
from sidecar.spool.ownership import Ownership
from sidecar.spool.sqlite_commits import Closed, Commits, _tell
from tests.simulation.processes import OWNER

SLOW = 0.02
"""The share of commits that take a hundred times as long."""


class SimulatedCommits(Commits[Any]):
    """The same transactions, without the thread."""

    dice: Random

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._due = self._dead = False
        owner = OWNER.get()
        assert owner is not None
        owner.at_death.append(self._die)

    def start(self) -> None:
        """Nothing: the loop does it."""

    async def do(self, work: Any, size: int = 0) -> Any:
        if self._dead:
            raise Closed
        self._soon()
        return await super().do(work, size)

    def post(self, work: Any) -> None:
        if not self._dead:
            super().post(work)
            self._soon()

    async def close(self) -> None:
        self._closed = True
        while not self._dead and not self._jobs.empty():
            self._work()
        self._drop()

    def _soon(self) -> None:
        if not self._due:
            self._due = True
            seconds = 0.0005 + 0.002 * self.dice.random()
            if self.dice.random() < SLOW:
                seconds *= 100
            asyncio.get_running_loop().call_later(seconds, self._work)

    def _work(self) -> None:
        self._due = False
        if self._dead or self._jobs.empty():
            return
        batch, _ = self._next()
        _tell(batch, self._together(batch) or [self._alone(job) for job in batch])
        if not self._jobs.empty():
            self._soon()

    def _die(self) -> None:
        self._dead = True
        if self._session is not None:
            self._session.rollback()
        self._drop()


class MortalLock(Ownership):
    """The kernel's lock, which ends with its simulated process."""

    def __init__(self, path: Any) -> None:
        super().__init__(path)
        self._owner = OWNER.get()
        if self._owner is not None:
            self._owner.at_death.append(self.release)

    def acquire(self) -> bool:
        return not (self._owner is not None and self._owner.dead) and super().acquire()


@contextmanager
def simulated_disk(dice: Random) -> Iterator[None]:
    """All spools in files are such ones."""
    made = type("Commits", (SimulatedCommits,), {"dice": dice})
    with (
        patch.object(sqlite_access, "Commits", made),
        patch.object(sqlite_spool, "Ownership", MortalLock),
        patch.object(os, "fsync", lambda _file: None),
    ):
        yield
