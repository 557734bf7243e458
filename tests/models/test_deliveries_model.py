"""What was accepted is never lost, never sent twice unasked, and goes in order; also over crashes.

The parts that deliver are the product's; the spool is the reference to which the real ones are held
(tests/support/spool_machine.py). A crash ends the process between any two steps of its tasks.
"""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from sidecar.delivering.intake import Intake
from sidecar.errors import Rejected
from sidecar.exchange import Exchange, Timeline
from tests.models.deliveries_upstream import DEEDS, HARMLESS, UNFINISHED, Message, Upstream
from tests.models.delivering_process import Process, With
from tests.models.world import budget
from tests.support.builders import request
from tests.support.virtual_time import VirtualClock


class Deliveries(Upstream):
    """An application that hands messages over, an upstream with moods, and crashes."""

    @initialize()
    def begin_it(self):
        self.begin_upstream()
        self.start()

    def start(self):
        async def make():
            process = Process(self.durable, self.watched(self.upstream))
            await process.start()
            return process

        self.process = self.run(make())

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
            intake = Intake(With(process.spool, added), VirtualClock(), process.worker.wake)
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


async def _stepping(steps):
    for _ in range(steps):
        await asyncio.sleep(0)


TestDeliveriesInAnyOrder = Deliveries.TestCase
TestDeliveriesInAnyOrder.settings = budget(40, 40)
