"""Calls in the lanes of two recipients and one number, played in any order, as a layer would."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.config.pace import Pace
from sidecar.core.lane import Lane
from sidecar.core.pace import (
    Passage,
    Refusal,
    Wait,
)

INF = float("inf")
RATES = {"a": 0.5, "b": 0.5, "number": 2.0}


class Traffic:
    """Plays calls through lanes of two recipients and one number, as the layer would."""

    def __init__(self, bursts):
        self.now = 0.0
        self.lanes = {
            key: Lane(Pace(rate, burst=burst, max_wait=16.0, max_waiters=6))
            for (key, rate), burst in zip(RATES.items(), bursts, strict=True)
        }
        self.waiting = {}  # passage: [keys, number of the call, instant to look again]
        self.sent = defaultdict(list)  # key: [(instant, number of the call)]
        self.rests = []  # (key, from, to)
        self.calls = 0

    def play(self, action, value):
        if action == "pass":
            self.run_until(self.now + value / 8)
        elif action == "throttle":
            key = ("a", "b", "number")[value % 3]
            last = self.sent[key][-1][0] if self.sent[key] else -1.0
            rest = self.lanes[key].throttled(self.now, last, (value % 16) / 4)
            self.rests.append((key, self.now, self.now + rest))
        elif action == "leave" and self.waiting:
            passage = list(self.waiting)[value % len(self.waiting)]
            del self.waiting[passage]
            passage.leave()
        elif action == "call":
            self.call((("a", "number"), ("b", "number"), ("number",))[value % 3], value)
        self.run_until(self.now)

    def call(self, keys, value):
        state = [keys, self.calls, self.now]
        self.calls += 1
        deadline = INF if value % 2 else self.now + value / 4
        before = {key: (repr(lane), lane.due(self.now)) for key, lane in self.lanes.items()}

        def wake():
            state[2] = self.now

        passage = Passage([self.lanes[key] for key in keys], self.now, deadline, wake)
        self.step(passage, state)
        if isinstance(state[2], Refusal):
            assert before == {key: (repr(x), x.due(self.now)) for key, x in self.lanes.items()}

    def step(self, passage, state):
        keys, number, _ = state
        found = passage.step(self.now)
        if isinstance(found, Wait):
            assert found.seconds > 0
            state[2] = self.now + found.seconds
            self.waiting[passage] = state
            return
        self.waiting.pop(passage, None)
        state[2] = found
        if found is None:
            for key in keys:
                self.sent[key].append((self.now, number, keys))

    def run_until(self, end):
        while due := [(s[2], s[1], p) for p, s in self.waiting.items() if s[2] <= end]:
            at, _, passage = min(due, key=lambda item: item[:2])
            self.now = max(self.now, at)
            self.step(passage, self.waiting[passage])
        self.now = max(self.now, end)


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 6)),
    st.lists(
        st.tuples(
            st.sampled_from(["call", "call", "call", "call", "pass", "leave", "throttle"]),
            st.integers(0, 63),
        ),
        max_size=80,
    ),
)
def test_under_any_interleaving_rate_order_and_rests_hold_and_nobody_is_forgotten(bursts, actions):
    traffic = Traffic(bursts)
    for action, value in actions:
        traffic.play(action, value)
    for (key, rate), burst in zip(RATES.items(), bursts, strict=True):
        times = [at for at, *_ in traffic.sent[key]]
        for first, start in enumerate(times):
            for last in range(first, len(times)):
                assert last - first + 1 <= burst + rate * (times[last] - start)
    for key, start, end in traffic.rests:
        assert not [at for at, *_ in traffic.sent[key] if start < at < end]
    for keys in (("a", "number"), ("b", "number"), ("number",)):
        numbers = [number for _, number, mine in traffic.sent["number"] if mine == keys]
        assert numbers == sorted(numbers)
    traffic.run_until(traffic.now + 100.0)
    assert not traffic.waiting
    assert all(lane.waiting == 0 for lane in traffic.lanes.values())
