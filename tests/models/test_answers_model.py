"""Every answer is one that the upstream gave to whoever asks, and new enough; whatever happens.

The model knows what the upstream said to whom, and when. It knows nothing of how answers are kept.
"""

import json

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from sidecar.errors import ExchangeError
from sidecar.exchange import BytesBody
from tests.models.answers_upstream import Upstream
from tests.models.answers_world import (
    ALONE,
    BROKEN,
    CONFIG,
    ENDS,
    KEPT,
    MOST,
    ON_ERROR,
    SUBJECTS,
    TARGETS,
    TOKENS,
    TOLERANCE,
    TOTAL,
    TTL,
    WHILE,
    Weather,
)
from tests.models.world import Chains, budget


class Answers(Upstream):
    """People who read and write, and an upstream with moods."""

    @initialize()
    def begin_it(self):
        self.begin_upstream()
        self.known = dict.fromkeys(TARGETS, 0)
        """The newest value that somebody was told."""
        self.signed_out = dict.fromkeys(ENDS, -1.0)
        self.served = {"cache": 0, "upstream": 0, "degraded": 0}
        self.chains = self.run(self.make())

    async def make(self):
        return Chains(CONFIG, self.watched(self.upstream))

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
