import pytest

from sidecar.config import Config, Route, Timeouts, Upstream
from sidecar.core.returned_urls import Addresses
from sidecar.core.routing import RouteEntry, RouteTable
from sidecar.errors import DeadlineExceeded, NoRoute
from sidecar.layers.ending import Ending
from sidecar.parts.caching import Caching
from sidecar.parts.destinations import Destinations
from sidecar.parts.keeping import Keeping
from sidecar.parts.prefetching import Prefetching
from sidecar.parts.resilience import Resilience
from sidecar.parts.returned import Returned
from sidecar.pipeline import Parts, build, build_refusal
from sidecar.telemetry.metrics import NONE, Metrics
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock


@pytest.fixture
def records():
    return []


UPSTREAM = Upstream("http://x.test")


@pytest.fixture
def parts(records):
    clock = FakeClock(start=100.0)
    config = Config({"api": UPSTREAM})
    keeping = Keeping(config, clock)
    destinations = Destinations(RouteTable.from_config(config))
    shared = {"api": Resilience("api", UPSTREAM, clock, b"secret")}
    return Parts(
        clock=clock,
        metrics=Metrics("0"),
        sinks=(records.append,),
        ending=Ending(),
        keeping=keeping,
        caching=Caching(config, clock, keeping, destinations),
        prefetching=Prefetching(shared, clock, destinations),
        returned=Returned(Addresses.from_config(config)),
        keys={},
    )


async def test_a_chain_observes_outside_sets_the_deadline_and_ends_at_the_transport(parts, records):
    transport = UpstreamTransport(UPSTREAM, parts.clock)
    route = RouteEntry("api", Route("users", timeouts=Timeouts(total=2.0), errors="postgrest"))
    shared = Resilience("api", UPSTREAM, parts.clock, b"secret")
    subject = exchange(request(headers=[(b"X-Server-Timeout", b"1")]))
    subject.timeline.started = 98.5
    with pytest.raises(DeadlineExceeded):  # the transport's, by the deadline that was announced
        await build(route, transport, shared, parts)(subject)
    assert subject.deadline == 99.5
    (record,) = records
    assert (record.status, record.error, record.source) == (504, "total_timeout", "sidecar")
    assert parts.metrics.inflight("api").count == 0
    transport.close()


async def test_a_refusal_is_seen_like_any_other_exchange(parts, records):
    error = NoRoute("x", code="no_upstream")
    with pytest.raises(NoRoute) as caught:
        await build_refusal(error, "generic", parts)(exchange())
    assert caught.value is error
    (record,) = records
    assert (record.status, record.error) == (404, "no_upstream")
    assert parts.metrics.inflight(NONE).count == 0
