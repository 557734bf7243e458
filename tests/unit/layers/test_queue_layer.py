import json

import pytest

from sidecar.config.queue import Dedup, Queue
from sidecar.delivering.intake import Intake
from sidecar.entered import Entered
from sidecar.errors import BadRequest, ConnectError, Rejected, UpstreamReset
from sidecar.exchange import Request, stack
from sidecar.layers.fence import fence
from sidecar.layers.queue import queue
from sidecar.telemetry.delivery_stats import DeliveryStats
from tests.support.bodies import Chunks
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.delivering import rule_of
from tests.support.fake_spool import FakeSpool

UNREACHED = ConnectError("no", code="connect_error")
LATER = (b"Prefer", b"respond-async")
KEY = (b"Idempotency-Key", b"k")


class Unknown(Chunks):
    """A body of which nobody knows how much is still to come."""

    rewindable = False

    def known(self):
        return None


class World:
    def __init__(self, *outcomes, most=10, **settings):
        self.outcomes = list(outcomes)
        self.passed = []
        self.woken = 0
        self.spool = FakeSpool(most)
        self.stats = DeliveryStats()
        self.clock = FakeClock()
        self.rule = rule_of(Queue(**settings))
        self.intake = Intake(self.spool, self.clock, self.wake)
        self.handler = stack(queue(self.rule, self.intake, self.stats), on=self._next)

    def wake(self):
        self.woken += 1

    async def _next(self, subject):
        self.passed.append(subject)
        outcome = self.outcomes.pop(0) if self.outcomes else response(200)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def call(self, *headers, method="POST", body=b'{"to":"49"}', target="/x"):
        self.exchange = exchange(request(method, target, list(headers), body))
        return await self.handler(self.exchange)

    async def accepted(self, *headers, **more):
        return value(await self.call(*headers, **more), b"X-Sidecar-Delivery")


def value(answer, name):
    return next((value.decode() for field, value in answer.headers if field == name), None)


def test_a_route_that_does_not_queue_has_no_layer():
    world = World()
    assert queue(world.rule, world.intake, world.stats) is None


async def test_a_call_is_kept_before_it_is_answered():
    world = World(mode="always")
    answer = await world.call((b"Authorization", b"secret"))
    kept = world.spool[value(answer, b"X-Sidecar-Delivery")]
    assert (answer.status, world.passed, world.exchange.attempt) == (202, [], 0)
    assert (kept.first.method, kept.target, kept.body) == ("POST", "/x", b'{"to":"49"}')
    assert kept.headers == [(b"Authorization", b"secret")]
    assert kept.expires_at == world.clock.wall() + 3600
    assert (world.stats.accepted, world.woken) == (1, 1)


async def test_only_calls_that_prefer_it_are_queued_where_the_route_leaves_it_to_them():
    world = World(mode="prefer")
    assert (await world.call()).status == 200
    answer = await world.call(LATER)
    assert answer.status == 202
    assert value(answer, b"Preference-Applied") == "respond-async"
    assert world.spool[value(answer, b"X-Sidecar-Delivery")].headers == []
    assert len(world.passed) == 1


async def test_reads_are_never_queued():
    world = World(mode="always")
    assert (await world.call(method="GET", body=None)).status == 200
    assert world.spool.calls == []


async def test_a_call_whose_body_is_not_in_memory_is_made_at_once():
    world = World(mode="always")
    body = Unknown(b"large")
    answer = await world.handler(exchange(Request("POST", "/x", [], body)))
    assert (answer.status, world.stats.passed_on, world.spool.calls) == (200, 1, [])


async def test_on_failure_a_call_that_succeeds_is_just_a_call():
    world = World(mode="on_failure")
    assert (await world.call()).status == 200
    assert "add" not in world.spool.calls


@pytest.mark.parametrize("error", [UNREACHED, Rejected("open", code="breaker_open")])
async def test_on_failure_a_call_that_was_not_sent_is_queued(error):
    world = World(error, mode="on_failure")
    assert (await world.call()).status == 202
    assert world.stats.accepted == 1


async def test_on_failure_a_call_that_may_have_been_sent_is_never_queued():
    world = World(UpstreamReset("reset", code="upstream_reset"), mode="on_failure")
    with pytest.raises(UpstreamReset):
        await world.call()
    assert world.spool.calls == []


async def test_on_failure_the_failure_itself_is_told_where_the_spool_cannot_take_it():
    world = World(UNREACHED, mode="on_failure", most=0)
    with pytest.raises(ConnectError):
        await world.call()
    assert world.stats.refused == {"spool_full": 1}


async def test_on_failure_a_call_does_not_overtake_those_of_its_lane_that_wait():
    world = World(UNREACHED, mode="on_failure", order="$.to")
    assert (await world.call()).status == 202
    assert (await world.call()).status == 202
    assert (await world.call(body=b'{"to":"50"}')).status == 200
    assert len(world.passed) == 2


async def test_on_failure_a_call_that_was_queued_is_not_made_again_beside_that():
    world = World(UNREACHED, mode="on_failure")
    first = await world.accepted(KEY)
    assert await world.accepted(KEY) == first
    assert len(world.passed) == 1
    assert (await world.call((b"Idempotency-Key", b"other"))).status == 200


async def test_on_failure_lanes_that_are_empty_are_not_asked_for_each_call():
    world = World(mode="on_failure", order="$.to")
    for _ in range(5):
        await world.call()
    assert world.spool.calls == ["is_waiting"]
    world.clock.advance(2.0)
    await world.call()
    assert world.spool.calls == ["is_waiting", "is_waiting"]


async def test_a_full_spool_refuses_the_call():
    world = World(mode="always", most=0)
    with pytest.raises(Rejected) as caught:
        await world.call()
    assert (caught.value.code, world.woken) == ("spool_full", 0)


async def test_a_spool_that_does_not_answer_refuses_the_call():
    world = World(mode="always")
    world.spool.down = True
    with pytest.raises(Rejected) as caught:
        await world.call()
    assert (caught.value.code, world.passed) == ("spool_unavailable", [])
    assert world.stats.refused == {"spool_unavailable": 1}


async def test_a_call_with_the_same_name_gets_the_answer_of_the_first():
    world = World(mode="always")
    first = await world.call(KEY)
    again = await world.call(KEY)
    assert value(again, b"X-Sidecar-Delivery") == value(first, b"X-Sidecar-Delivery")
    assert value(again, b"Idempotency-Replayed") == "true"
    assert again.body.data == first.body.data
    assert (world.stats.accepted, world.stats.duplicates, world.woken) == (1, 1, 1)


async def test_the_name_of_another_request_is_refused():
    world = World(mode="always")
    await world.call(KEY)
    with pytest.raises(BadRequest) as caught:
        await world.call(KEY, body=b"other")
    assert (caught.value.code, caught.value.status) == ("idempotency_key_reused", 422)
    assert world.stats.accepted == 1


async def test_equal_content_is_one_call_within_the_window():
    world = World(mode="always", dedup=Dedup(content=60.0))
    first = await world.accepted()
    world.clock.advance(59.0)
    assert await world.accepted() == first
    assert await world.accepted(body=b"other") != first
    world.clock.advance(2.0)
    assert await world.accepted() != first


async def test_calls_without_a_name_are_all_meant():
    world = World(mode="always")
    assert await world.accepted() != await world.accepted()


async def test_lanes_are_told_apart_by_the_key_of_the_call():
    world = World(mode="always", order="$.to")
    ids = [await world.accepted(body=b'{"to":"%d"}' % to) for to in (1, 1, 2)]
    lanes = [world.spool[each].first.lane for each in ids]
    assert lanes[0] == lanes[1] != lanes[2]
    no_key = await world.accepted(body=b"no json")
    assert world.spool[no_key].first.lane == ""


async def test_an_application_on_a_port_of_its_own_is_given_no_location():
    world = World(mode="always")
    subject = exchange(request("POST", body=b"m"))
    subject.entered = Entered("port", "localhost:1")
    assert value(await world.handler(subject), b"Location") is None
    subject.entered = Entered("prefix", "localhost:1")
    assert value(await world.handler(subject), b"Location").startswith("/_sidecar/deliveries/")


async def test_a_whatsapp_route_answers_as_the_cloud_api():
    world = World(mode="always", answer="whatsapp")
    answer = await world.call()
    said = json.loads(answer.body.data)
    assert answer.status == 200
    assert said["messages"][0]["id"].endswith(value(answer, b"X-Sidecar-Delivery"))


async def test_the_fence_is_passed_before_the_call_goes_on():
    order = []

    async def before():
        order.append("fence")

    async def send(_exchange):
        order.append("sent")
        return response()

    subject = exchange()
    handler = stack(fence(), on=send)
    await handler(subject)
    subject.before_send = before
    await handler(subject)
    assert order == ["sent", "fence", "sent"]
