"""What was accepted is never lost, never sent twice unasked, and goes in order; also over crashes.

The parts that deliver are the product's; the spool is the reference to which the real ones are held
(tests/support/spool_machine.py). A crash ends the process between any two steps of its tasks.
"""

import asyncio
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from sidecar.config.queue import Queue, Schedule
from sidecar.delivering.feed import Feed
from sidecar.delivering.intake import Intake
from sidecar.delivering.settling import Settling
from sidecar.delivering.telling import Outlet, Telling
from sidecar.delivering.upkeep import Upkeep
from sidecar.delivering.worker import Worker
from sidecar.errors import ConnectError, Rejected, UpstreamReset
from sidecar.exchange import Exchange, Timeline
from sidecar.judgement import Judgement
from sidecar.spool import SpoolUnavailable
from sidecar.telemetry.delivery_stats import DeliveryStats
from tests.models.world import Machine, budget
from tests.support.builders import request, response
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
UNFINISHED = {"queued", "sending"}
DEEDS = ("ok", "ok", "refused", "permanent", "ambiguous", "unsent", "lost", "busy", "open")
KINDS = {
    "ok": (200, "done"),
    "refused": (503, "refused"),
    "permanent": (400, "permanent"),
    "ambiguous": (500, "ambiguous"),
}
HARMLESS = {"refused", "unsent", "busy", "open"}
"""After which it was certainly not done."""


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


@dataclass(eq=False)
class Message:
    """What the application was told about one message."""

    order: int
    to: str
    id: str = ""
    """Of its delivery, from the moment at which there is one."""
    sends: list[str] = field(default_factory=list)
    """How each of its sends ended."""
    asked_again: int = 0
    """How often people had it sent again."""


class Deliveries(Machine):
    """An application that hands messages over, an upstream with moods, and crashes."""

    @initialize()
    def begin_it(self):
        self.durable = FakeSpool().reference
        self.mood, self.took = "ok", 0.0
        self.messages = {}
        self.by_body = {}
        self.busy = {}
        """What is at the upstream now: bodies, by recipient."""
        self.start()

    def start(self):
        async def make():
            process = Process(self.durable, self.watched(self.upstream))
            await process.start()
            return process

        self.process = self.run(make())

    # ------------------------------------------------------------------------- the upstream

    async def upstream(self, exchange):
        mood, took = self.mood, self.took
        message = self.messages[exchange.id.rpartition(".")[0]]
        if mood in {"busy", "open"}:
            raise Rejected("x", code="breaker_open" if mood == "open" else "limit_full")
        await exchange.before_send()
        kept = self.durable.kept[exchange.id.rpartition(".")[0]]
        assert kept.state == "sending", "sent before it was written down"
        number = len(message.sends)
        message.sends.append("cut off")  # whatever ends it from here on
        self.check_send(message)
        if mood == "unsent":
            message.sends[number] = mood
            raise ConnectError("refused", code="connect_error")
        exchange.timeline.sent_at = self.now + 1e-9
        assert message.to not in self.busy, "two of one recipient at a time"
        self.busy[message.to] = message
        try:
            await asyncio.sleep(took)
        finally:
            del self.busy[message.to]
        message.sends[number] = mood
        if mood == "lost":
            raise UpstreamReset("reset", code="upstream_reset")
        status, kind = KINDS[mood]
        answer = response(status, b"{}", [(b"Content-Type", b"application/json")])
        answer.judgement = Judgement("ignore", kind, f"http_{status}")
        return answer

    def check_send(self, message):
        done = [each for each in message.sends if each not in HARMLESS]
        assert len(done) <= 1 + message.asked_again, f"sent twice: {message.sends}"
        if message.asked_again:
            return
        for other in self.messages.values():
            earlier = other.to == message.to and other.order < message.order
            if earlier and not other.asked_again:
                assert self.state(other) not in UNFINISHED, "overtaken"

    def state(self, message):
        return self.durable.kept[message.id].state

    # ------------------------------------------------------------------------- what happens

    @rule(mood=st.sampled_from(DEEDS), took=st.sampled_from((0.0, 0.5, 3.0)))
    def mood_changes(self, mood, took):
        self.mood, self.took = mood, took

    @rule(to=st.sampled_from("ab"), many=st.sampled_from((1, 1, 4)))
    def hand_over(self, to, many):
        for _ in range(many):
            self.begin(self.accept(to))

    async def accept(self, to):
        number = len(self.messages) + 1
        subject = Exchange(
            f"x{number}",
            "api",
            "default",
            request("POST", "/x", [(b"X-To", to.encode())], b"m%d" % number),
            float("inf"),
            Timeline(self.now),
        )
        process = self.process
        message = Message(number, to)
        reserved = f"reserved {number}"
        self.messages[reserved] = message
        body = b"m%d" % number

        # known from the moment at which it is durable, so that whatever is sent is known
        add = process.spool.add

        async def added(delivery):
            message.id = delivery.id
            self.messages[delivery.id] = self.messages.pop(reserved)
            return await add(delivery)

        try:
            intake = Intake(_With(process.spool, added), VirtualClock(), process.worker.wake)
            answer = await intake.accept(subject, process.rule, body, process.stats, asked=False)
        except Rejected:
            self.forget(message, reserved)
            return
        except asyncio.CancelledError:
            if message.id not in self.durable.kept:
                self.forget(message, reserved)  # it crashed first: nobody was told anything
            raise
        assert dict(answer.headers)[b"X-Sidecar-Delivery"].decode() == message.id

    def forget(self, message, reserved):
        self.messages.pop(reserved, None)
        self.messages.pop(message.id, None)

    @rule(seconds=st.sampled_from((0.01, 0.3, 1.0, 2.5, 9.0)))
    def time_passes(self, seconds):
        self.pass_(seconds)

    @rule(steps=st.integers(0, 25))
    def crash(self, steps):
        """The process ends after so many steps of its tasks, and another takes over."""
        self.run(_stepping(steps))
        self.process.spool.dead = True
        self.calls.clear()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.run(_stepping(10))
        self.pass_(1.5)
        assert not asyncio.all_tasks(self.loop)
        self.start()

    @rule(seconds=st.sampled_from((0.0, 0.2)))
    def restart(self, seconds):
        """It is stopped in order, in the middle of whatever it does."""
        self.pass_(seconds)

        async def stop():
            await self.process.upkeep.close()
            await self.process.worker.close()

        self.run(stop())
        self.pass_(0.0)
        self.process.spool.dead = True
        self.start()

    @rule()
    def spool_goes_away(self):
        self.process.spool.down = True

    @rule()
    def spool_comes_back(self):
        self.process.spool.down = False

    @precondition(lambda self: any(self.state(m) in {"failed", "unknown"} for m in self.known))
    @rule(which=st.integers(0, 9))
    def somebody_sends_it_again(self, which):
        ended = [each for each in self.known if self.state(each) in {"failed", "unknown"}]
        message = ended[which % len(ended)]
        message.asked_again += 1
        self.durable.requeue([message.id], 1_700_000_000.0 + self.now)
        self.process.worker.wake()

    # ------------------------------------------------------------------------- always

    @property
    def known(self):
        return [each for each in self.messages.values() if each.id]

    @invariant()
    def nothing_is_lost(self):
        """Each that was accepted is there, and a doubt is ended by people only."""
        if not hasattr(self, "process"):
            return
        for message in self.known:
            assert message.id in self.durable.kept
        doubts = set()
        for event in self.durable.events:
            if event.id in doubts:
                assert event.reason == "requeued", event
            doubts.discard(event.id)
            if event.state == "unknown":
                doubts.add(event.id)

    @invariant()
    def what_is_done_is_known_to_be(self):
        if not hasattr(self, "process"):
            return
        for message in self.known:
            state = self.state(message)
            if state == "delivered":
                assert "ok" in message.sends
            if state == "queued" and not message.asked_again:
                assert not set(message.sends) - HARMLESS, "in line again after a doubt"

    def finish(self):
        """In the end, nothing waits any more."""
        if not hasattr(self, "process"):
            return
        self.mood, self.took = "ok", 0.0
        self.process.spool.down = False
        self.pass_(200.0)
        for message in self.known:
            assert self.state(message) not in UNFINISHED, (message, self.state(message))
        self.run(self.process.upkeep.close())
        self.run(self.process.worker.close())


class _With:
    """A spool with another way to add."""

    def __init__(self, spool, add):
        self._spool, self.add = spool, add

    def __getattr__(self, name):
        return getattr(self._spool, name)


async def _stepping(steps):
    for _ in range(steps):
        await asyncio.sleep(0)


TestDeliveriesInAnyOrder = Deliveries.TestCase
TestDeliveriesInAnyOrder.settings = budget(40, 40)
