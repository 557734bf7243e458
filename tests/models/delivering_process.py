"""One life of the half of the sidecar that delivers, on a spool that outlives it."""

import asyncio

from sidecar.config.queue import Queue, Schedule
from sidecar.delivering.feed import Feed
from sidecar.delivering.intake import Intake
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Outlet, Telling
from sidecar.delivering.upkeep import Upkeep
from sidecar.delivering.worker import Worker
from sidecar.spool import SpoolUnavailable
from sidecar.telemetry.delivery_stats import DeliveryStats
from tests.support.delivering import rule_of
from tests.support.fake_spool import FakeSpool
from tests.support.virtual_time import VirtualClock

QUEUE = Queue(
    mode="always",
    order="header:x-to",
    at_once=4,
    expires=600.0,
    attempts=4,
    schedule=Schedule(base=1.0, growth=2.0, cap=8.0),
)


class Durable(FakeSpool):
    """A spool whose content outlives the process that uses it."""

    def __init__(self, reference):
        super().__init__()
        self.reference = reference
        self.dead = False

    async def _asked(self, name):
        await super()._asked(name)
        if self.dead:
            raise SpoolUnavailable("its process has ended")

    async def recover(self, now):
        await self._asked("recover")
        return sorted(self.reference.crash(now)) if not self.recovered else []

    async def open(self):
        await self._asked("open")

    async def fence(self, ids, now):
        found = await super().fence(ids, now)
        await asyncio.sleep(0)  # it may end between what is written and who is told
        return found

    async def settle(self, delivery_id, settlement):
        found = await super().settle(delivery_id, settlement)
        await asyncio.sleep(0)
        return found

    async def add(self, delivery):
        found = await super().add(delivery)
        await asyncio.sleep(0)
        return found


class Process:
    """One life of the sidecar: all that is in memory."""

    def __init__(self, reference, upstream):
        clock = VirtualClock()
        self.spool = Durable(reference)
        self.rule = rule_of(QUEUE)
        self.stats = DeliveryStats()
        outlets = {self.rule.place: Outlet(self.rule, upstream, self.stats)}
        self.telling = Telling(outlets, Feed(self.spool).ring, [])
        settling = Settling(self.spool, self.telling, clock)
        self.worker = Worker(self.spool, outlets, settling, clock, lambda: 0.0)
        self.upkeep = Upkeep(
            self.spool,
            outlets,
            settling,
            clock,
            draw=lambda: 0.0,
            retention=1e9,
            wake=self.worker.wake,
        )
        self.intake = Intake(self.spool, clock, self.worker.wake)

    async def start(self):
        await self.upkeep.once()
        self.spool.recovered = ["done"]  # one process recovers once
        self.upkeep.start()
        self.worker.start()


class With:
    """A spool with another way to add."""

    def __init__(self, spool, add):
        self._spool, self.add = spool, add

    def __getattr__(self, name):
        return getattr(self._spool, name)
