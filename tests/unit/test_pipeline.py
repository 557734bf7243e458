import pytest

from sidecar.config import Timeouts, Upstream
from sidecar.core.budget import Budget
from sidecar.core.routing import RouteEntry
from sidecar.errors import DeadlineExceeded, NoRoute
from sidecar.pipeline import Parts, build, build_refusal
from sidecar.telemetry.metrics import NONE, Metrics
from sidecar.transport.upstream import UpstreamTransport
from tests.support.builders import exchange, request
from tests.support.clock import FakeClock


@pytest.fixture
def records():
    return []


@pytest.fixture
def parts(records):
    return Parts(
        FakeClock(start=100.0),
        Metrics("0"),
        (records.append,),
        {"api": Budget(0.1, 100, 0.0)},
    )


async def test_a_chain_observes_outside_sets_the_deadline_and_ends_at_the_transport(parts, records):
    transport = UpstreamTransport(Upstream("http://x.test"), parts.clock)
    route = RouteEntry("api", "users", Timeouts(total=2.0), "postgrest")
    subject = exchange(request(headers=[(b"X-Server-Timeout", b"1")]))
    subject.timeline.started = 98.5
    with pytest.raises(DeadlineExceeded):  # the transport's, by the deadline that was announced
        await build(route, transport, parts)(subject)
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
