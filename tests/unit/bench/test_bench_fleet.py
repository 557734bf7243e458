"""The simulation of a fleet: it repeats itself, storms where it must, and is judged rightly."""

import logging
from collections import Counter
from random import Random

import pytest

from bench.fleet.judging import Verdict, judge
from bench.fleet.plan import Found, Row, broken
from bench.fleet.policies import BUDGET_ALONE, FULL, NO_BUDGET, NOTHING, SHIPPED, Policy, paced
from bench.fleet.provider import Provider, Trouble
from bench.fleet.sharing import Traffic, cost
from bench.fleet.simulation import Setting, simulate
from tests.support.stepped_clock import SteppedClock

BROWNOUT = Trouble("brownout", 10.0, 6.0)
LATE = Trouble("brownout", 60.0, 6.0)
"""When each has earned most of what its traffic ever earns."""


@pytest.fixture(autouse=True)
def _silent():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _verdict(
    policy: Policy, sidecars: int = 8, limit: float | None = None, trouble: Trouble = BROWNOUT
) -> Verdict:
    end = int(trouble.at) + 60
    found = simulate(Setting(sidecars, policy.upstream, trouble, 38.0, 50.0, limit, seconds=end))
    return judge(
        found.offered, found.good, found.sent, found.caused, found.refused,
        trouble=(trouble.at, trouble.until), end=end, capacity=50.0,
    )  # fmt: skip


def test_the_same_seed_gives_the_same_run() -> None:
    setting = Setting(3, SHIPPED.upstream, BROWNOUT, 30.0, 50.0, seconds=25)
    first, second = simulate(setting), simulate(setting)
    assert first == second
    assert first.offered.total() > 500


def test_repetitions_without_a_budget_never_end_what_a_brownout_began() -> None:
    verdict = _verdict(NO_BUDGET)
    assert verdict.before > 0.95
    assert verdict.recovery is None
    assert verdict.amplification > 3


@pytest.mark.parametrize("sidecars", [1, 8, 40, 200])
def test_as_shipped_any_number_recovers_no_later_than_without_repetition(sidecars: int) -> None:
    subject, reference = (_verdict(each, sidecars, trouble=LATE) for each in (SHIPPED, NOTHING))
    assert reference.recovery is not None
    assert subject.recovery is not None
    assert subject.recovery <= 1.3 * reference.recovery  # their calls come at other instants
    assert subject.amplification < 1.5


def test_what_the_traffic_has_earned_ends_and_what_each_has_in_hand_does_not() -> None:
    assert _verdict(FULL, 40, trouble=LATE).recovery is None
    assert _verdict(BUDGET_ALONE, 40, trouble=LATE).recovery is not None


def test_a_limit_that_is_divided_is_kept() -> None:
    assert _verdict(paced(50.0, 8), limit=55.0).beyond < 0.01
    assert _verdict(NO_BUDGET, limit=55.0).beyond > 0.1


def _judged(good: list[int], sent: list[int] | None = None) -> Verdict:
    offered = Counter(dict.fromkeys(range(len(good)), 100))
    came = Counter(dict(enumerate(sent or [100] * len(good))))
    found = Counter(dict(enumerate(good)))
    return judge(
        offered, found, came, came, Counter(), trouble=(10, 15), end=len(good), capacity=200
    )


def test_recovery_is_when_it_is_good_for_good() -> None:
    well, badly = [100], [0]
    assert _judged(well * 10 + badly * 5 + well * 15).recovery == 0
    assert _judged(well * 10 + badly * 8 + well * 12).recovery == 3
    assert _judged(well * 10 + badly * 5 + well * 5 + badly * 2 + well * 8).recovery == 7
    assert _judged(well * 10 + badly * 20).recovery is None


def test_a_storm_is_seen_in_its_worst_five_seconds() -> None:
    verdict = _judged([100] * 30, [100] * 12 + [300] * 5 + [100] * 13)
    assert verdict.amplification == 3.0
    assert verdict.peak == 1.5


def test_the_provider_works_also_for_those_who_have_left() -> None:
    clock = SteppedClock(0.0)
    provider = Provider(10.0, None, 1.0, Trouble("outage", 1e9, 1.0), clock, Random(1))
    for _ in range(100):
        provider.answer(0.0)
    assert provider.backlog > 5.0


def test_the_provider_refuses_what_is_beyond_its_limit() -> None:
    provider = Provider(100.0, 5.0, 1.0, Trouble("outage", 1e9, 1.0), SteppedClock(), Random(1))
    statuses = [provider.answer(0.1 * n)[0] for n in range(10)]
    assert statuses == [200] * 5 + [429] * 5
    assert provider.answer(1.05)[0] == 200


def _row(policy: Policy, recovery: float | None, amplification: float, sidecars: int = 1) -> Row:
    verdict = Verdict(1.0, 0.1, recovery, amplification, 1.0, 0.0)
    return Row(policy.name, policy.role, sidecars, "brownout", False, verdict, {})


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([_row(SHIPPED, 6.0, 1.0)], 0),
        ([_row(SHIPPED, None, 1.0)], 1),
        ([_row(SHIPPED, 6.0, 2.5)], 1),
        ([_row(SHIPPED, 30.0, 1.0)], 1),
        ([_row(SHIPPED, 30.0, 1.0), _row(NOTHING, 30.0, 1.0)], 0),
        ([_row(SHIPPED, None, 1.0, sidecars=1000)], 1),
        ([_row(FULL, None, 3.0)], 0),
        ([_row(NO_BUDGET, None, 4.0)], 0),
        ([_row(NO_BUDGET, 3.0, 4.0)], 1),
    ],
)
def test_what_must_not_be_is_named(rows: list[Row], wrong: int) -> None:
    assert len(broken(Found(rows))) == wrong


def test_more_sidecars_ask_more_of_their_redis_and_all_hear_of_each_write() -> None:
    few, many = (cost(Traffic(n, requests=2000, writes=0.05)) for n in (2, 20))
    assert few.commands < many.commands < 3
    assert many.messages == pytest.approx(0.05 * 19, rel=0.3)
    assert many.kinds["PUBLISH"] == pytest.approx(100, rel=0.3)


def test_one_sidecar_finds_in_memory_what_it_has_fetched() -> None:
    alone = cost(Traffic(1, requests=2000, writes=0.0))
    assert alone.fetched < 0.5
    assert alone.kinds["GET"] == pytest.approx(alone.fetched * 2000)
