"""The upstream of test_answers_model.py: what it makes of a request, and who may ask it when."""

import asyncio
import json
from collections import defaultdict

from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    DeadlineExceeded,
    ExchangeError,
    UpstreamReset,
)
from sidecar.exchange import BytesBody, Response
from tests.models.answers_world import (
    AGAIN,
    ALONE,
    ENDS,
    FIELDS,
    KEPT,
    PEOPLE,
    STATUS,
    TARGETS,
    TOLERANCE,
    UNDONE,
    Asked,
    Halves,
    Made,
    Weather,
)
from tests.models.world import Machine


class Upstream(Machine):
    """An upstream with moods, which knows what it has said to whom."""

    def begin_upstream(self):
        """In fine weather, with nothing made yet."""
        self.weather = Weather()
        self.values = dict.fromkeys(TARGETS, 0)
        self.done = {}
        """What a write made of its target, by the id of its call."""
        self.made = []
        self.at_upstream = []
        self.broke = []
        """When the upstream failed."""
        self.disturbed = defaultdict(lambda: [-1e9])
        """When something happened to a target that lets it be asked for twice at a time."""

    async def upstream(self, exchange):
        weather, request = self.weather, exchange.request
        who = PEOPLE.get(dict(request.headers).get(b"Authorization"))
        exchange.timeline.sent_at = self.now + 1e-9
        asked = Asked(who, request.target, self.now)
        if request.method == "GET":
            self.check_alone(asked)
            self.at_upstream.append(asked)
        try:
            return await self.answer(exchange, who, weather)
        except ExchangeError:
            self.broke.append(self.now)
            raise
        finally:
            asked.ended = self.now
            if request.method == "POST":
                self.disturb()

    async def answer(self, exchange, who, weather):
        request, began = exchange.request, self.now
        target, kind = request.target, weather.kind
        if kind == "unsent":
            exchange.timeline.sent_at = 0.0
            raise ConnectError("refused", code="connect_error")
        await self.spend(exchange, weather.before)
        if request.method == "POST" and target in self.values and kind not in UNDONE:
            self.values[target] += 1
            self.done[exchange.id] = self.values[target]
        if kind == "reset":
            raise UpstreamReset("reset", code="upstream_reset")
        if kind == "hang":
            await self.spend(exchange, 60.0)
        made = Made(who, target, self.values.get(target, 0), kind, began)
        self.made.append(made)
        number = len(self.made) - 1
        head = [(b"ETag", b'"%d"' % number)]
        await self.spend(exchange, weather.after)
        if request.method == "GET" and self.is_same(request, made):
            made.kind = "304"
            return Response(304, b"OK", head, BytesBody(b""))
        made.good_at = self.now
        return self.response(made, number, head, weather)

    def is_same(self, request, made):
        """Whether what the request says that it has is what it would be told."""
        given = dict(request.headers).get(b"If-None-Match")
        if given is None or made.kind not in KEPT:
            return False
        had = self.made[int(given.strip(b'"'))]
        if (had.who, had.target, had.version, had.kind in KEPT) != (
            made.who,
            made.target,
            made.version,
            True,
        ):
            return False
        had.good_at, had.asked_at = self.now, made.asked_at
        return True

    def response(self, made, number, head, weather):
        kind, status = made.kind, STATUS.get(made.kind, 200)
        data = {"n": number, "who": made.who, "target": made.target, "version": made.version}
        body = json.dumps(data).encode() + b" " * (3000 if kind == "long" else 0)
        head = [*head, *FIELDS.get(kind, ())]
        if status >= 500:
            self.broke.append(self.now)
        if kind in ALONE or self.now >= ENDS[made.who]:
            self.disturb(made.target)
        if kind == "refused":
            self.disturb()
        return Response(status, b"OK", head, Halves(body, weather.body, breaks=kind == "truncated"))

    async def spend(self, exchange, seconds):
        """As the transport does: nobody waits beyond the deadline."""
        left = exchange.deadline - self.now
        if seconds >= left:
            await asyncio.sleep(max(0.0, left))
            raise DeadlineExceeded("late", code="total_timeout")
        if seconds > 20.0:
            await asyncio.sleep(20.0)
            raise AttemptTimeout("silent", code="first_byte_timeout")
        await asyncio.sleep(seconds)

    def disturb(self, target=None):
        for each in TARGETS if target is None else (target,):
            self.disturbed[each] += [self.now + wait for wait in AGAIN]

    def check_alone(self, asked):
        """Whoever asks for what is asked for already, waits for that."""
        for other in self.at_upstream:
            if other.ended is None and (other.who, other.target) == (asked.who, asked.target):
                lately = other.began - 2.01, self.now + TOLERANCE
                reasons = [
                    at for at in self.disturbed[asked.target] if lately[0] <= at <= lately[1]
                ]
                assert reasons, f"two requests for the same at once: {other} {asked}"
        self.at_upstream = [each for each in self.at_upstream if each.ended is None]
