"""The upstream of test_deliveries_model.py: how a send ends, and which of them may be."""

import asyncio
from dataclasses import dataclass, field

from sidecar.errors import ConnectError, Rejected, UpstreamReset
from sidecar.judgement import Judgement
from tests.models.world import Machine
from tests.support.builders import response
from tests.support.fake_spool import FakeSpool

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


class Upstream(Machine):
    """An upstream with a mood, which looks at every message."""

    def begin_upstream(self):
        """Nothing was sent to it."""
        self.durable = FakeSpool().reference
        self.mood, self.took = "ok", 0.0
        self.messages = {}
        self.busy = {}
        """What is at the upstream now, by recipient."""

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
