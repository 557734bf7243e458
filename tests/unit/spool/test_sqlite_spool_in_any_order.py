import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import settings

from sidecar.spool import sqlite_finding
from sidecar.spool.sealing import KeySeal, NoSeal
from sidecar.spool.sqlite import SqliteSpool
from sidecar.spool.sqlite_adding import Bounds
from tests.support.spool_machine import SpoolMachine
from tests.support.spool_views import MOST


class SqliteMachine(SpoolMachine):
    seal = NoSeal()

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.look = patch.object(sqlite_finding, "_LOOK", 3)  # or all would be found in one go
        self.look.start()

    async def make(self):
        spool = SqliteSpool(str(self.folder / "spool.db"), Bounds(MOST, 1 << 30), self.seal)
        await spool.open()
        return spool

    async def leave(self):
        await self.spool.close()

    def teardown(self):
        super().teardown()
        self.look.stop()
        shutil.rmtree(self.folder)


class SealedMachine(SqliteMachine):
    seal = KeySeal(bytes(range(32)))


FEW = settings(max_examples=30, stateful_step_count=40)

TestAFileInAnyOrder = SqliteMachine.TestCase
TestAFileInAnyOrder.settings = FEW
TestAnEncryptedFileInAnyOrder = SealedMachine.TestCase
TestAnEncryptedFileInAnyOrder.settings = settings(max_examples=15, stateful_step_count=40)
