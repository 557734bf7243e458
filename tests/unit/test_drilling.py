import asyncio
import logging

import pytest

from sidecar.core.drills import Order
from sidecar.drilling import Drilling
from sidecar.telemetry.drill_stats import DrillCollector, DrillStats
from tests.support.builders import exchange
from tests.support.clock import FakeClock
from tests.support.proxied import soon


@pytest.fixture
def clock():
    return FakeClock(start=100.0)


@pytest.fixture
async def drilling(clock):
    made = Drilling(clock, DrillStats(), lambda: 0.0)
    yield made
    made.close()


@pytest.fixture
def events(caplog):
    caplog.set_level(logging.INFO, "sidecar.event")
    return lambda: [(record.msg, record.fields["id"]) for record in caplog.records]


async def test_beginning_and_ending_are_logged_and_counted(drilling, events):
    drill = drilling.start(Order("hang", "api"))
    assert drilling.stats.active == {("api", "hang"): 1}
    assert drilling.choose(exchange()).fault == "hang"
    assert drilling.stop(drill.id) == drill
    assert drilling.stop(drill.id) is None
    assert drilling.choose(exchange()) is None
    assert events() == [("drill_started", "d1"), ("drill_stopped", "d1")]
    assert (drilling.stats.active, drilling.stats.injected) == (
        {("api", "hang"): 0},
        {("api", "hang"): 1},
    )


async def test_an_expired_drill_hits_nothing_more(drilling, clock, events):
    drilling.start(Order("hang", "api", lasts=10.0))
    clock.advance(10.0)
    assert drilling.choose(exchange()) is None
    assert drilling.snapshot() == []
    assert events() == [("drill_started", "d1"), ("drill_expired", "d1")]


async def test_its_end_is_logged_where_nobody_calls(events):
    class Real(FakeClock):
        def now(self):
            return asyncio.get_running_loop().time()

    drilling = Drilling(Real(), DrillStats(), lambda: 0.0)
    drilling.start(Order("hang", "api", lasts=0.03))
    drilling.start(Order("hang", "api", lasts=0.06))
    await soon(lambda: len(events()) == 4)
    assert events()[2:] == [("drill_expired", "d1"), ("drill_expired", "d2")]


async def test_figures_are_exported_by_upstream_and_fault(drilling):
    drilling.start(Order("hang", "api"))
    drilling.choose(exchange())
    samples = [
        (sample.name, sample.labels, sample.value)
        for family in DrillCollector(lambda: drilling.stats).collect()
        for sample in family.samples
    ]
    labels = {"upstream": "api", "fault": "hang"}
    assert samples == [
        ("sidecar_drill_injected_total", labels, 1),
        ("sidecar_drills_active", labels, 1),
    ]
