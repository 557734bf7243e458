"""Lets each attempt wait for its turn, so that the upstream need not refuse it for being too fast.

What is decided is decided in `core/pace.py` and `core/throttles.py`. A throttle makes the key's
lane rest; the call itself is repeated, or not, by the retry layer outside. Both waits begin with
the same answer and run side by side, so they do not multiply: the lane never uses
`Judgement.growth`, and grows its own rest only by calls that passed after the last one.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from sidecar.clock import Clock
from sidecar.core.keys import KeyTemplate, parse
from sidecar.core.lane import Lane
from sidecar.core.pace import Lanes, Passage, Refusal, Wait, watch
from sidecar.core.throttles import concerned, is_throttle, narrowness
from sidecar.errors import Draining, Rejected
from sidecar.exchange import Exchange, Handler, Layer, Response
from sidecar.judgement import Judgement
from sidecar.telemetry.pace_stats import PaceStats


@dataclass(frozen=True, slots=True)
class Paced:
    """One pace of a route: the lanes and the figures are the upstream's, the key the route's."""

    lanes: Lanes
    key: KeyTemplate
    stats: PaceStats


class _Subject(NamedTuple):
    """One pace that a call is subject to."""

    pace: Paced
    key: str
    lane: Lane


class _Turn:
    """One call that waits; it may be woken."""

    __slots__ = ("_clock", "_sleep", "gives_up")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sleep: asyncio.Future[None] | None = None
        self.gives_up = False

    def wake(self) -> None:
        """End its sleep. If it does not sleep, nothing is lost: it looks again before it does."""
        if self._sleep is not None:
            self._sleep.cancel()

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until woken.

        Raises:
            Draining: the sidecar stops.
        """
        self._sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((self._sleep,))
        finally:
            self._sleep.cancel()
            self._sleep = None
        if self.gives_up:
            raise Draining("the sidecar is shutting down", sent=False)


@dataclass(slots=True, eq=False)
class Waiting:
    """Those who wait for their turn at one upstream. All its routes share it."""

    clock: Clock
    turns: set[_Turn] = field(default_factory=set)

    @contextmanager
    def including(self, turn: _Turn) -> Iterator[None]:
        """One call more, while it lasts."""
        self.turns.add(turn)
        try:
            yield
        finally:
            self.turns.discard(turn)

    def give_up(self) -> None:
        """Let nobody wait any longer, because the sidecar stops."""
        for turn in tuple(self.turns):
            turn.gives_up = True
            turn.wake()


class PaceLayer:
    """Lets attempts through at the pace of their keys."""

    def __init__(self, next_: Handler, paces: Sequence[Paced], waiting: Waiting) -> None:
        self._next = next_
        self._waiting = waiting
        self._clock = waiting.clock
        unique = {id(pace.lanes): pace for pace in paces}.values()  # nobody stands in line twice
        keyed = [(parse(pace.key.text), pace) for pace in unique]
        keyed.sort(key=lambda item: narrowness(item[0], item[1].lanes.config.rate))
        self._paces = [pace for _, pace in keyed]
        self._keys = {id(pace): key for key, pace in keyed}

    async def __call__(self, exchange: Exchange, /) -> Response:
        """Pass on when it is its turn.

        Raises:
            Rejected: `pace_timeout` or `pace_full`; nothing was sent and no slot was used.
            Draining: the sidecar stops.
        """
        now = self._clock.now()
        subjects = [
            _Subject(pace, key, _lane(pace, key, now))
            for pace in self._paces
            if (key := pace.key.of(exchange)) is not None
        ]
        if not subjects:
            return await self._next(exchange)
        passed = await self._pass(exchange, subjects, now)
        response = await self._next(exchange)
        if response.judgement is not None:
            self._heed(response.judgement, subjects, passed)
        return response

    async def _pass(self, exchange: Exchange, subjects: Sequence[_Subject], now: float) -> float:
        """Wait for the turn in all lanes. The instant at which it came."""
        enforced = [subject for subject in subjects if subject.pace.lanes.config.enforce]
        turn = _Turn(self._clock)
        passage = Passage([each.lane for each in enforced], now, exchange.deadline, turn.wake)
        step = passage.step(now)
        if step is not None:
            now = await self._wait(exchange, enforced, passage, step, turn)
        for subject in subjects:
            stats = subject.pace.stats
            stats.passed += 1
            if not subject.pace.lanes.config.enforce:
                outcome = watch(subject.lane, now, exchange.deadline)
                if outcome is not None:
                    stats.observe(outcome)
        return now

    async def _wait(
        self,
        exchange: Exchange,
        subjects: Sequence[_Subject],
        passage: Passage,
        step: Wait | Refusal | None,
        turn: _Turn,
    ) -> float:
        """Wait, look again, and so on. The instant at which it may pass."""
        waited: set[int] = set()
        now = self._clock.now()
        with self._waiting.including(turn):
            try:
                while step is not None:
                    pace = subjects[step.lane].pace
                    if isinstance(step, Refusal):
                        pace.stats.refuse(step.reason)
                        raise _rejected(step, exchange, pace)
                    pace.stats.waits += step.lane not in waited
                    waited.add(step.lane)
                    with _counted(pace.stats, exchange, self._clock):
                        await turn.sleep(step.seconds)
                    now = self._clock.now()
                    step = passage.step(now)
            finally:
                passage.leave()
        return now

    def _heed(self, judgement: Judgement, subjects: Sequence[_Subject], passed: float) -> None:
        """Tell the lanes what became of a call. They are looked up anew: it took its time."""
        now = self._clock.now()
        if judgement.kind == "done":
            for pace, key, _ in subjects:
                _lane(pace, key, now).succeeded(passed)
        elif is_throttle(judgement):
            keys = [self._keys[id(pace)] for pace, _, _ in subjects]
            for number in concerned(judgement.scope, keys):
                pace, key, _ = subjects[number]
                if _lane(pace, key, now).throttled(now, passed, judgement.wait) > 0:
                    pace.stats.drained += 1


@contextmanager
def _counted(stats: PaceStats, exchange: Exchange, clock: Clock) -> Iterator[None]:
    """Count the time of one wait, however it ends."""
    began = clock.now()
    stats.waiting += 1
    try:
        yield
    finally:
        stats.waiting -= 1
        waited = clock.now() - began
        stats.seconds += waited
        exchange.timeline.paced += waited


def _lane(pace: Paced, key: str, now: float) -> Lane:
    before = len(pace.lanes)
    lane = pace.lanes.get(key, now)
    pace.stats.keys += len(pace.lanes) - before
    return lane


def _rejected(refusal: Refusal, exchange: Exchange, pace: Paced) -> Rejected:
    name = pace.lanes.config.title
    if refusal.reason == "full":
        message = f"too many calls wait for their turn in pace {name} of {exchange.upstream}"
    else:
        message = f"its turn in pace {name} of {exchange.upstream} does not come in time"
    return Rejected(message, code=f"pace_{refusal.reason}", retry_after=refusal.wait)


def pace(paces: Sequence[Paced], waiting: Waiting) -> Layer | None:
    """The layer of one route; None where it has no pace."""
    return (lambda next_: PaceLayer(next_, paces, waiting)) if paces else None
