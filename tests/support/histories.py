"""Histories of calls and of how their attempts end, played on the retry layer with a clock of their
own. What must hold of them is not known here.
"""

import asyncio
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from sidecar.config import Retry
from sidecar.core.budget import Budget
from sidecar.dialects import plain
from sidecar.errors import (
    AttemptTimeout,
    BadResponse,
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    ExchangeError,
    PoolTimeout,
    Rejected,
    UpstreamReset,
)
from sidecar.exchange import BytesBody, Exchange, Request, Response, stack
from sidecar.layers import retry as layer
from sidecar.layers.judge import judge
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, response
from tests.support.clock import FakeClock

NEVER_SENT = {"connect_error", "dns_error", "connect_timeout", "dns_timeout", "tls_timeout"}
OWN = {"pool_timeout", "breaker_open", "limit_full", "pace_timeout"}
"""The sidecar did not let the attempt out."""
FINAL = {*OWN, "tls_error", "total_timeout"}
ERRORS: dict[str, type[ExchangeError]] = {
    "connect_error": ConnectError,
    "dns_error": ConnectError,
    "tls_error": ConnectError,
    "connect_timeout": ConnectTimeout,
    "tls_timeout": ConnectTimeout,
    "pool_timeout": PoolTimeout,
    "breaker_open": Rejected,
    "limit_full": Rejected,
    "pace_timeout": Rejected,
    "first_byte_timeout": AttemptTimeout,
    "send_timeout": AttemptTimeout,
    "upstream_reset": UpstreamReset,
    "stale_connection": UpstreamReset,
    "bad_response": BadResponse,
}
STATUSES = (200, 204, 301, 400, 401, 404, 408, 409, 425, 429, 500, 501, 502, 503, 504, 520)
SAFE = {"GET", "HEAD", "OPTIONS"}


class Outcome(NamedTuple):
    """How one attempt ends: with a status, or with an error."""

    status: int = 0
    error: str = ""
    after: float | None = None
    """Retry-After."""
    took: float = 0.0

    @property
    def proves_undone(self) -> bool:
        """Whether the call was certainly not done."""
        said = self.status == 503 and self.after is not None
        return self.error in NEVER_SENT or self.status in {408, 425, 429} or said

    @property
    def is_final(self) -> bool:
        """Whether no call at all is repeated after it."""
        refused = 400 <= self.status < 500 and self.status not in {408, 425, 429}
        return self.error in FINAL or refused or self.status in {501, 505} or 0 < self.status < 400

    @property
    def cost(self) -> float:
        """What a repetition after it takes out of the budget."""
        timed_out = self.error.endswith("_timeout") and self.error not in NEVER_SENT
        return 2.0 if timed_out else 1.0


class Plan(NamedTuple):
    """One call of a history: how it is asked, and how its attempts will end."""

    gap: float
    method: str
    key: bool
    """Whether the upstream is said to do it once only, however often it is sent."""
    client_repeats: bool
    rewindable: bool
    left: float
    outcomes: tuple[Outcome, ...]


class History(NamedTuple):
    """Calls one after another, and what is configured."""

    config: Retry
    budget: tuple[float, int, int, float]
    calls: tuple[Plan, ...]


@dataclass(slots=True)
class Attempt:
    """One attempt as the upstream saw it."""

    began: float
    ended: float
    body: bytes
    outcome: Outcome


@dataclass(slots=True)
class Played:
    """What became of one call."""

    plan: Plan
    began: float
    ended: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    results: list[Response | ExchangeError] = field(default_factory=list)
    closed: list[Response] = field(default_factory=list)
    result: Response | ExchangeError | None = None
    content: bytes = b""


class Once(BytesBody):
    """A body that cannot be had again."""

    @property
    def rewindable(self) -> bool:
        """Never."""
        return False


BODY = b"a message, byte for byte"


class World:
    """A retry layer over an upstream that does as the history says."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.clock = FakeClock(start=100.0)
        parts = layer.Parts(history.config, Budget(*history.budget), RetryStats(), self.clock)
        judged = judge(plain, self.clock)
        self.handler = stack(layer.retry(parts), judged, on=self._upstream)
        self.played: list[Played] = []

    async def _upstream(self, subject: Exchange, /) -> Response:
        now, call = self.clock.now(), self.played[-1]
        outcome = call.plan.outcomes[len(call.attempts)]
        if now + outcome.took >= subject.deadline:  # as the transport does
            outcome = Outcome(error="total_timeout", took=max(0.0, subject.deadline - now))
        sent = await subject.request.body.read() if subject.request.body is not None else b""
        if outcome.error not in NEVER_SENT | OWN:
            self.clock.advance(1e-7)
            subject.timeline.sent_at = self.clock.now()
        self.clock.advance(outcome.took)
        call.attempts.append(Attempt(now, self.clock.now(), sent, outcome))
        result = self._result(outcome, call)
        call.results.append(result)
        if isinstance(result, ExchangeError):
            raise result
        return result

    def _result(self, outcome: Outcome, call: Played) -> Response | ExchangeError:
        if outcome.error == "total_timeout":
            return DeadlineExceeded("late", code="total_timeout")
        if outcome.error:
            return ERRORS[outcome.error]("broke", code=outcome.error)
        after = [] if outcome.after is None else [(b"Retry-After", b"%f" % outcome.after)]
        answer = response(outcome.status, b"answer", after)
        answer.on_close(lambda _error: call.closed.append(answer))
        return answer

    async def play(self) -> list[Played]:
        """Make the calls, one after another."""
        for plan in self.history.calls:
            self.clock.advance(plan.gap)
            self.played.append(call := Played(plan, self.clock.now()))
            headers = [(b"X-Retry-Count", b"1")] * plan.client_repeats
            kind = BytesBody if plan.rewindable else Once
            body = None if plan.method in SAFE else kind(BODY)
            subject = exchange(
                Request(plan.method, "/", headers, body), deadline=call.began + plan.left
            )
            subject.repeatable = plan.key
            try:
                call.result = answer = await self.handler(subject)
                call.result, call.content = answer, await answer.body.read()
            except ExchangeError as error:
                call.result = error
            call.ended = self.clock.now()
        return self.played


def run(history: History) -> list[Played]:
    """What becomes of it."""
    return asyncio.run(World(history).play())


seconds = st.floats(0.0, 3.0).map(lambda value: round(value, 3))
statuses = st.builds(
    Outcome,
    status=st.sampled_from(STATUSES),
    error=st.just(""),
    after=st.none() | st.sampled_from((0.0, 0.05, 0.5, 2.0, 20.0)),
    took=seconds,
)
errors = st.builds(
    Outcome,
    status=st.just(0),
    error=st.sampled_from(sorted(ERRORS)),
    after=st.none(),
    took=seconds,
)
bad = st.sampled_from(
    (Outcome(503), Outcome(429), Outcome(error="connect_error"), Outcome(500, after=0.5))
)
plans = st.builds(
    Plan,
    gap=st.sampled_from((0.0, 0.01, 1.0, 10.0)),
    method=st.sampled_from(("GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE")),
    key=st.booleans(),
    client_repeats=st.sampled_from((False, False, False, True)),
    rewindable=st.sampled_from((True, True, True, False)),
    left=st.floats(0.01, 30.0),
    outcomes=st.lists(bad | statuses | errors, min_size=6, max_size=6).map(tuple),
)
histories = st.builds(
    History,
    config=st.builds(
        Retry,
        attempts=st.integers(1, 6),
        base=st.sampled_from((0.01, 0.1, 1.0)),
        cap=st.sampled_from((0.05, 2.0)),
        max_wait=st.sampled_from((0.1, 1.0, 10.0)),
    ),
    budget=st.tuples(
        st.sampled_from((0.0, 0.1, 1.0)),
        st.integers(1, 10),
        st.integers(0, 10),
        st.sampled_from((0.5, 30.0)),
    ),
    calls=st.lists(plans, min_size=1, max_size=12).map(tuple),
)
