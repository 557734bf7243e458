"""What always holds of repetition, whatever happens: random histories on a clock of their own.

The checks know the rules as the documents state them, and nothing of the code that decides.
"""

import itertools

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from sidecar.core import repetition
from sidecar.core.budget import Budget
from sidecar.core.repetition import Repeat, Stop
from sidecar.errors import ExchangeError
from sidecar.layers import retry as layer
from tests.support.histories import BODY, OWN, SAFE, histories, run

EPSILON = 1e-6


def check(history, played):
    for call in played:
        check_result(call)
        check_attempts(history.config, call)
        for number, (before, after) in enumerate(itertools.pairwise(call.attempts), start=1):
            check_wait(history.config, number, before, after)
    check_budget(history.budget, played)


def check_result(call):
    """What the last attempt brought is passed on; where it was not let out, what was known last."""
    answers = [each for each in call.results if not isinstance(each, ExchangeError)]
    if call.attempts[-1].outcome.error in OWN and answers:
        content = b"" if call.plan.method == "HEAD" else b"answer"
        assert (call.result.status, call.content) == (answers[-1].status, content)
        assert call.closed == answers
    else:
        assert call.result is call.results[-1]
        assert call.closed == [each for each in answers if each is not call.result]


def check_attempts(config, call):
    """Nothing after the deadline, nothing twice that may do harm, the same bytes."""
    plan, deadline = call.plan, call.began + call.plan.left
    repeated = [attempt.outcome for attempt in call.attempts[:-1]]
    assert len(call.attempts) <= config.attempts
    assert all(attempt.began < deadline for attempt in call.attempts)
    assert call.ended <= deadline + EPSILON
    assert not any(outcome.is_final for outcome in repeated)
    if plan.method not in SAFE and not plan.key:
        assert all(outcome.proves_undone for outcome in repeated)
    if plan.client_repeats or not (plan.rewindable or plan.method in SAFE):
        assert not repeated
    expected = b"" if plan.method in SAFE else BODY
    assert all(attempt.body == expected for attempt in call.attempts)


def check_wait(config, number, before, after):
    """Never earlier than was asked, never later than the longest back-off or what was asked."""
    asked, waited = before.outcome.after or 0.0, after.began - before.ended
    assert asked - EPSILON <= waited
    assert waited <= max(asked, min(config.cap, config.base * 2 ** (number - 1))) + EPSILON
    assert asked <= config.max_wait


def check_budget(budget, played):
    """In any window: their cost <= burst + ratio x good answers + reserve x (1 + half-lives)."""
    ratio, burst, reserve, half_life = budget
    calls = [call.ended for call in played]
    spent = [(one.ended, one.outcome.cost) for call in played for one in call.attempts[:-1]]
    for (first, _), (last, _) in itertools.combinations_with_replacement(spent, 2):
        cost = sum(each for at, each in spent if first <= at <= last)
        ended = sum(first <= at <= last for at in calls)
        most = burst + ratio * ended + reserve * (1 + (last - first) / half_life)
        assert cost <= most + EPSILON


@given(histories)
@settings(max_examples=150)
def test_repetition_keeps_its_rules_in_every_history(history):
    check(history, run(history))


DECIDE = repetition.decide


def reckless(judgement, call, limits, *, attempt, **_):
    """Repeats whatever failed."""
    more = judgement.kind != "done" and attempt < limits.attempts
    return Repeat(0.0) if more else Stop("done")


def deaf(judgement, *others, **named):
    """Hears no Retry-After."""
    return DECIDE(judgement._replace(wait=None), *others, **named)


def late(*others, left, **named):
    """Forgets the deadline."""
    return DECIDE(*others, left=float("inf"), **named)


def spendthrift(*others, budget, **named):
    """Has no budget."""
    return DECIDE(*others, budget=Budget(0.0, 10**6, 0, 30.0), **named)


def bold(judgement, call, *others, **named):
    """Takes every method for safe."""
    return DECIDE(judgement, call._replace(method="GET"), *others, **named)


def careless(judgement, call, *others, **named):
    """Takes every body for one that it still has."""
    return DECIDE(judgement, call._replace(rewindable=True), *others, **named)


def stubborn(judgement, call, *others, **named):
    """Does not see that the client repeats."""
    return DECIDE(judgement, call._replace(client_repeats=False), *others, **named)


def hopeful(judgement, *others, **named):
    """Takes what is permanent for refused."""
    permanent = judgement.kind == "permanent"
    return DECIDE(judgement._replace(kind="refused") if permanent else judgement, *others, **named)


FAULTS = (reckless, deaf, late, spendthrift, bold, careless, stubborn, hopeful)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_breaks_a_rule(monkeypatch, fault):
    monkeypatch.setattr(layer, "decide", fault)

    def is_broken(history):
        try:
            check(history, run(history))
        except AssertionError:
            return True
        return False

    searching = settings(
        max_examples=2000, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    find(histories, is_broken, settings=searching)  # raises NoSuchExample if nothing is found
