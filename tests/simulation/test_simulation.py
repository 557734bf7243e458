"""The whole sidecar from a few seeds: no invariant is violated, and each seed has one history.

`make simulate ARGS="--seeds 1000"` is the long form.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.layers.retry import RetryLayer
from tests.simulation.simulation import simulate

SECONDS = 15.0
HISTORY = "from tests.simulation.simulation import simulate; print(simulate({}, {}).digest)"


@pytest.mark.parametrize("seed", range(1, 5))
def test_no_invariant_is_violated(seed):
    outcome = simulate(seed, SECONDS)
    assert not outcome.violations, f'make simulate ARGS="--seed {seed} --seconds {SECONDS:g}"'
    assert outcome.counts["call"] > 100
    assert outcome.counts["checked own-answer"] > 100


def test_a_seed_has_the_same_history_in_every_process():
    """Also where texts and objects have other hashes."""
    shown = [
        subprocess.run(
            [sys.executable, "-c", HISTORY.format(8, SECONDS)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": number},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
        for number in ("1", "2")
    ]
    assert shown[0] == shown[1]
    assert shown[0].strip() == simulate(8, SECONDS).digest


def test_a_sidecar_that_sends_twice_what_it_must_not_is_found(monkeypatch):
    """What is checked can fail."""
    decide = RetryLayer._decide

    def careless(self, exchange, *more):
        exchange.repeatable = True
        return decide(self, exchange, *more)

    monkeypatch.setattr(RetryLayer, "_decide", careless)
    found = [each for seed in range(1, 4) for each in simulate(seed, 30.0).violations]
    assert {each.partition(":")[0] for each in found} & {"not-twice", "paid-once", "once"}
