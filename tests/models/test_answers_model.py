"""Every answer is one that the upstream gave to whoever asks, and new enough; whatever happens.

The model knows what the upstream said to whom, and when. It knows nothing of how answers are kept.
"""

import asyncio
import base64
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from sidecar.errors import (
    AttemptTimeout,
    ConnectError,
    DeadlineExceeded,
    ExchangeError,
    TruncatedBody,
    UpstreamReset,
)
from sidecar.exchange import BytesBody, Response
from tests.models.world import Chains, Machine, budget

TTL, WHILE, ON_ERROR, TOTAL = 10.0, 3.0, 30.0, 5.0
MOST = 12 * 1024
CONFIG = f"""
stores: {{memory: {{max_size: 12KiB, max_object: 4KiB}}}}
upstreams:
  api:
    url: http://api.test
    timeouts: {{total: {TOTAL}s}}
    retry: {{attempts: 1}}
    breaker: {{enabled: false}}
    cache: {{ttl: {TTL}s, stale_while_revalidate: {WHILE}s, stale_if_error: {ON_ERROR}s,
             max_object: 2KiB}}
"""
TARGETS = ("/rest/a", "/rest/b?x=1", "/other")
ENDS = {"ann": 30.0, "bob": 1e6, "bob's other": 1e6, None: float("inf")}
"""Whoever asks, and when their token ends."""
SUBJECTS = {"bob's other": "bob"}
KEPT = {"ok", "slow"}
"""What the upstream may do that is worth keeping."""
ALONE = {"no-store", "cookie", "part", "long", "gone", "refused", "other-vary"}
"""What it may say that is for one only."""
BROKEN = {"500", "503", "reset", "unsent", "truncated", "hang"}
STATUS = {"500": 500, "503": 503, "part": 206, "gone": 404, "refused": 401}
FIELDS = {
    "no-store": [(b"Cache-Control", b"no-store")],
    "cookie": [(b"Set-Cookie", b"a=b")],
    "other-vary": [(b"Vary", b"*")],
}
UNDONE = {"500", "unsent", "refused", "gone"}
"""After which a write was certainly not done."""
AGAIN = (0.0, 2.0, 10.0, 60.0)
"""Seconds after which what a lost write may have touched is dropped, perhaps once more."""
TOLERANCE = 1e-6


def token(who):
    """The token of a person: a JWT, unsigned."""
    claims = {"sub": SUBJECTS.get(who, who), "exp": 1_700_000_000 + int(ENDS[who]), "n": who}
    parts = (
        base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=")
        for each in ({"alg": "none"}, claims)
    )
    return b"Bearer " + b".".join(parts) + b".x"


TOKENS = {who: token(who) for who in ENDS if who is not None}
PEOPLE = {value: who for who, value in TOKENS.items()}


class Weather(NamedTuple):
    """What the upstream does with whatever comes."""

    kind: str = "ok"
    before: float = 0.05
    """Seconds until it looks at what is asked for."""
    after: float = 0.05
    """Seconds from then to the head of its answer."""
    body: float = 0.0
    """Seconds from one half of the body to the other."""


@dataclass(eq=False)
class Made:
    """One answer that the upstream has made."""

    who: str | None
    target: str
    version: int
    kind: str
    asked_at: float
    """When the request for it came, or the one after which it was said to be good again."""
    good_at: float = 0.0
    """When its head went, or it was said to be good again."""


@dataclass(eq=False)
class Asked:
    """One request that is at the upstream now."""

    who: str | None
    target: str
    began: float
    ended: float | None = None


class Halves:
    """A body that comes in two halves, if it comes."""

    def __init__(self, data, wait, *, breaks):
        self.length = None if breaks else len(data)
        self._parts = [data[: len(data) // 2], data[len(data) // 2 :], b""]
        self._wait, self._breaks = wait, breaks

    def take(self):
        if self._wait or self._breaks:
            return None
        return self._parts.pop(0) if self._parts else b""

    async def read(self):
        if len(self._parts) < 3:
            await asyncio.sleep(self._wait)
            if self._breaks:
                raise TruncatedBody("cut off", code="truncated_body")
        return self._parts.pop(0) if self._parts else b""


class Answers(Machine):
    """People who read and write, and an upstream with moods."""

    @initialize()
    def begin_it(self):
        self.weather = Weather()
        self.values = dict.fromkeys(TARGETS, 0)
        self.known = dict.fromkeys(TARGETS, 0)
        """The newest value that somebody was told."""
        self.signed_out = dict.fromkeys(ENDS, -1.0)
        self.done = {}
        """What a write made of its target, by the id of its call."""
        self.made = []
        self.at_upstream = []
        self.broke = []
        """When the upstream failed."""
        self.disturbed = defaultdict(lambda: [-1e9])
        """When something happened to a target that lets it be asked for twice at a time."""
        self.served = {"cache": 0, "upstream": 0, "degraded": 0}
        self.chains = self.run(self.make())

    async def make(self):
        return Chains(CONFIG, self.watched(self.upstream))

    # ------------------------------------------------------------------------- the upstream

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

    # ------------------------------------------------------------------------- the people

    @rule(
        kind=st.sampled_from(sorted([*KEPT, *KEPT, *ALONE, *BROKEN])),
        before=st.sampled_from([0.0, 0.05, 0.5]),
        after=st.sampled_from([0.0, 0.05, 0.5]),
        body=st.sampled_from([0.0, 0.0, 0.3]),
    )
    def weather_changes(self, kind, before, after, body):
        self.weather = Weather(kind, before, after, body)

    @rule()
    def weather_is_fine(self):
        self.weather = Weather()

    @rule(who=st.sampled_from(list(ENDS)), which=st.sampled_from(TARGETS))
    def read(self, who, which):
        self.begin(self.reading(who, which))

    @rule(who=st.sampled_from(list(ENDS)), which=st.sampled_from(TARGETS))
    def read_and_wait(self, who, which):
        self.begin(self.reading(who, which))
        self.pass_(1.5)

    @rule(who=st.sampled_from(list(ENDS)), which=st.sampled_from(TARGETS))
    def write(self, who, which):
        self.begin(self.writing(who, which))

    @rule(who=st.sampled_from(list(ENDS)), which=st.sampled_from(TARGETS), left=st.booleans())
    def read_together(self, who, which, left):
        """Several ask for the same; one of them may leave."""
        for _ in range(3):
            self.begin(self.reading(who, which))
        if left:
            self.somebody_leaves(len(self.calls) - 3)

    @rule(
        who=st.sampled_from(list(ENDS)),
        first=st.sampled_from(TARGETS),
        second=st.sampled_from(TARGETS),
        kind=st.sampled_from(sorted([*ALONE, *BROKEN])),
    )
    def read_around_an_odd_answer(self, who, first, second, kind):
        """What is answered once says what may be answered again."""
        for each, weather in ((first, Weather()), (second, Weather(kind)), (first, Weather())):
            self.weather = weather
            self.begin(self.reading(who, each))
            self.pass_(0.2)

    @rule(
        who=st.sampled_from(list(ENDS)),
        which=st.sampled_from(TARGETS),
        wait=st.sampled_from([11.0, 25.0, 60.0]),
        kind=st.sampled_from(sorted(BROKEN)),
    )
    def read_in_an_outage(self, who, which, wait, kind):
        """What is old may be given in place of an error, and not for ever."""
        self.weather = Weather()
        self.begin(self.reading(who, which))
        self.pass_(0.2)
        self.weather = Weather(kind)
        self.pass_(wait)
        self.begin(self.reading(who, which))

    @rule(who=st.sampled_from(list(ENDS)), which=st.sampled_from(TARGETS), lost=st.booleans())
    def write_during_a_slow_read(self, who, which, lost):
        """Who asks after the write is answered is not given what was read before it."""
        self.weather = Weather("slow", 0.0, 0.5)
        self.begin(self.reading(who, which))
        self.weather = Weather("reset" if lost else "ok", 0.02, 0.02)
        self.begin(self.writing(who, which))
        self.pass_(0.2)
        self.weather = Weather()
        for wait in (0.0, 1.0):
            self.pass_(wait)
            self.begin(self.reading(who, which))
        self.pass_(1.0)

    @rule(who=st.sampled_from(list(TOKENS)))
    def sign_out(self, who):
        self.begin(self.signing_out(who))

    @rule(which=st.integers(0, 9))
    def somebody_leaves(self, which):
        self.disturb()  # a call that is broken off may still be on its way
        self.leave(which)

    @rule(seconds=st.sampled_from([0.01, 0.2, 1.0, 4.0, 9.0, 11.0, 25.0]))
    def time_passes(self, seconds):
        self.pass_(seconds)

    async def ask(self, method, who, target):
        """The response, its body (None where that broke), when it came, and the id of the call."""
        fields = [] if who is None else [(b"Authorization", TOKENS[who])]
        body = BytesBody(b"{}") if method == "POST" else None
        exchange = self.chains.exchange(method, "/api" + target, fields, body)
        asked_at, number = self.now, exchange.id
        try:
            response = await self.chains.call(exchange)
        except ExchangeError as error:
            assert self.now - asked_at <= TOTAL + TOLERANCE
            return error, None, self.now, number
        got, served_at = b"", self.now
        assert served_at - asked_at <= TOTAL + TOLERANCE
        try:
            while data := await response.body.read():
                got += data
        except ExchangeError as error:
            response.close(error)
            return response, None, served_at, number
        finally:
            response.close()
        return response, got, served_at, number

    async def reading(self, who, target):
        began, known, gone = self.now, self.known[target], dict(self.signed_out)
        response, got, served_at, _ = await self.ask("GET", who, target)
        if got is None:
            late = served_at - began >= TOTAL - TOLERANCE
            broke = self.broke or any(each.kind == "truncated" for each in self.made)
            assert late or broke, response
            return
        told = json.loads(got)
        made = self.made[told["n"]]
        assert (told["who"], told["target"]) == (who, target)
        if response.status >= 400:
            assert response.source == "upstream"
            if response.status == 401 and who is not None:  # without a token, none has ended
                self.signed_out[who] = served_at
            return
        assert told["version"] >= known, "older than what was told before"
        if response.source == "cache":
            self.check_kept(response, made, began, served_at, gone[who])
        else:
            self.served["upstream"] += 1

    def check_kept(self, response, made, began, served_at, gone):
        """What was kept may be given: it was whole, may be kept, is fresh enough, and theirs."""
        assert response.status == 200
        assert made.kind in KEPT
        assert made.asked_at >= gone - TOLERANCE, "older than a sign-out"
        headers = {name.lower(): value for name, value in response.headers}
        age, note = served_at - made.good_at, headers[b"cache-status"]
        self.served["cache"] += 1
        if b"x-sidecar-degraded" in headers:
            self.served["degraded"] += 1
            assert began - made.good_at <= TTL + ON_ERROR + TOLERANCE
            assert began < ENDS[made.who]
            late = served_at - began >= TOTAL - TOLERANCE
            assert late or any(began <= at <= served_at + TOLERANCE for at in self.broke)
            return
        assert served_at < ENDS[made.who] or made.good_at == served_at
        stale = b"stale-while-revalidate" in note
        assert age <= TTL + (WHILE if stale else 0.0) + TOLERANCE

    async def writing(self, who, target):
        response, _, served_at, number = await self.ask("POST", who, target)
        if getattr(response, "status", None) == 401 and who is not None:
            self.signed_out[who] = served_at
        self.known[target] = max(self.known[target], self.done.get(number, 0))

    async def signing_out(self, who):
        response, _, served_at, _ = await self.ask("POST", who, "/auth/logout")
        if getattr(response, "sent", True):
            same = [each for each in ENDS if SUBJECTS.get(each, each) == SUBJECTS.get(who, who)]
            self.signed_out.update(dict.fromkeys(same, served_at))

    async def served_well(self, who, target):
        response, got, _, _ = await self.ask("GET", who, target)
        assert (response.status, json.loads(got)["version"]) == (200, self.values[target])

    # ------------------------------------------------------------------------- always

    @invariant()
    def what_is_kept_is_bounded(self):
        if hasattr(self, "chains"):
            kept = self.chains.assembly.keeping.responses
            assert 0 <= kept.size <= MOST

    def finish(self):
        """In fine weather everybody is served, and nothing stays under way."""
        if not hasattr(self, "chains"):
            return
        self.weather = Weather()
        self.pass_(2 * TOTAL + 61.0)
        assert not self.calls
        for who in ENDS:
            for target in TARGETS:
                self.begin(self.served_well(who, target))
        self.pass_(2.0)
        assert not self.calls
        self.chains.assembly.caching.warmer.close()
        self.pass_(31.0)
        assert self.chains.assembly.caching.desk.inflight == 0
        self.run(self.chains.assembly.close())


TestAnswersInAnyOrder = Answers.TestCase
TestAnswersInAnyOrder.settings = budget(40, 40)
