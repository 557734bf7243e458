import asyncio
from dataclasses import replace

import pytest

from sidecar.config.queue import Queue
from sidecar.delivering.rooms import Rooms
from sidecar.errors import ConnectError, Draining, Rejected, UpstreamReset
from sidecar.exchange import BytesBody, Response
from sidecar.judgement import Judgement
from sidecar.spool import Place
from tests.support.builders import response
from tests.support.delivering import World, rule_of
from tests.support.virtual_time import virtually

UNREACHED = ConnectError("no", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")
OPEN = Rejected("open", code="breaker_open", retry_after=30.0)
PACED = Rejected("slow", code="pace_timeout", retry_after=6.0)


def after(seconds, status=200):
    """The upstream answers after a while."""

    async def act(world, subject):
        await world.pass_fence(subject)
        await asyncio.sleep(seconds)
        answer = response(status, b"late")
        answer.judgement = Judgement("success", "done", "ok")
        return answer

    return act


def slow(world, seconds):
    return lambda subject: after(seconds)(world, subject)


@virtually
async def test_what_is_accepted_is_delivered_at_once_and_told():
    world = World(200)
    delivery = await world.accept(b"hello", (b"Authorization", b"x"))
    await world.run(1.0)
    assert world.sent == [(0.0, b"hello")]
    assert world.state(delivery) == ("delivered", "http_200")
    (told,) = world.told
    assert (told.state, told.attempts, told.answer.body) == ("delivered", 1, b'{"ok":1}')
    assert world.stats.outcomes == {"delivered": 1}
    assert world.stats.attempts == {"delivered": 1}


@virtually
async def test_a_delivery_goes_as_it_came_in_the_background_and_within_its_time():
    world = World(200)
    headers = [(b"Content-Length", b"1"), (b"A", b"1"), (b"A", b"2")]
    delivery = await world.accept(b"m", *headers, target="/a?b=%20")
    await world.run(1.0)
    (subject,) = world.exchanges
    assert (subject.request.method, subject.request.target) == ("POST", "/a?b=%20")
    assert subject.request.headers == headers
    assert (subject.background, subject.patient, subject.deadline) == (True, False, 10.0)
    assert (subject.id, subject.upstream, subject.route) == (f"{delivery}.1", "api", "default")


@virtually
async def test_new_work_wakes_the_worker():
    world = World(200, 200)
    world.worker.start()
    await asyncio.sleep(500.25)
    await world.accept()
    await asyncio.sleep(0.001)
    assert [at for at, _ in world.sent] == [500.25]
    await world.worker.close()


@virtually
async def test_an_idle_worker_looks_once_a_second_and_no_more():
    world = World()
    await world.run(100.0)
    assert 90 <= world.spool.calls.count("take") <= 102


@virtually
async def test_what_is_refused_is_tried_again_by_the_schedule():
    world = World(503, UNREACHED, 503, 200)
    delivery = await world.accept()
    await world.run(100.0)
    assert [round(at) for at, _ in world.sent] == [0, 30, 70]
    assert world.state(delivery) == ("delivered", "http_200")
    assert world.stats.attempts == {"again": 3, "delivered": 1}
    assert world.told[0].attempts == 4


@virtually
async def test_what_fails_for_good_becomes_a_dead_letter_with_the_answer():
    world = World(400)
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("failed", "http_400")
    assert world.spool[delivery].answer.status == 400
    assert world.stats.outcomes == {"failed": 1}


@virtually
async def test_what_may_have_been_sent_is_held_in_doubt_and_never_sent_again():
    world = World(RESET, 200)
    delivery = await world.accept()
    await world.run(3000.0)
    assert world.state(delivery) == ("unknown", "upstream_reset")
    assert len(world.sent) == 1
    assert world.told[0].state == "unknown"


@virtually
async def test_a_doubt_is_sent_again_where_that_is_harmless():
    world = World(RESET, 200, harmless=True)
    delivery = await world.accept()
    await world.run(100.0)
    assert world.state(delivery) == ("delivered", "http_200")
    assert len(world.sent) == 2


@virtually
async def test_within_a_lane_one_goes_after_the_other_while_other_lanes_flow():
    world = World(order="$.to")
    world.acts = [slow(world, 5.0)]
    for body in (b'{"to":1,"n":1}', b'{"to":1,"n":2}', b'{"to":2}'):
        await world.accept(body)
    await world.run(20.0)
    assert world.sent == [
        (0.0, b'{"to":1,"n":1}'),
        (0.0, b'{"to":2}'),
        (5.0, b'{"to":1,"n":2}'),
    ]


@virtually
async def test_a_lane_waits_for_the_retries_of_its_first():
    world = World(503, 200, 200, order="$.to")
    for number in (b'{"to":1,"n":1}', b'{"to":1,"n":2}'):
        await world.accept(number)
    await world.run(20.0)
    assert [body for _, body in world.sent] == [
        b'{"to":1,"n":1}',
        b'{"to":1,"n":1}',
        b'{"to":1,"n":2}',
    ]


@virtually
async def test_while_a_breaker_is_open_its_route_rests_and_no_attempt_is_burnt():
    world = World()
    ids = [await world.accept() for _ in range(5)]
    world.acts = [OPEN] * 5
    await world.run(29.0)
    assert world.sent == []
    assert [world.spool[each].attempts for each in ids] == [0] * 5
    assert [world.state(each) for each in ids] == [("queued", "")] * 5
    assert world.spool.calls.count("take") < 5
    assert "settle" not in world.spool.calls
    await world.worker.close()


@virtually
async def test_a_route_that_rests_goes_on_when_the_breaker_says_so():
    world = World(OPEN, 200)
    delivery = await world.accept()
    await world.run(40.0)
    assert [round(at) for at, _ in world.sent] == [30]
    assert world.spool[delivery].attempts == 1


@virtually
async def test_a_route_that_rests_holds_up_no_other():
    world = World()
    other = rule_of(Queue(mode="always"), "other")
    world.add_route(other)
    world.acts = [OPEN]
    await world.accept(b"a")
    await asyncio.sleep(0)
    world.worker.start()
    await asyncio.sleep(0.5)
    await world.accept(b"b", rule=other)
    await asyncio.sleep(0.5)
    assert world.sent == [(0.5, b"b")]
    await world.worker.close()


@virtually
async def test_a_slow_route_holds_up_no_other():
    world = World(at_once=2)
    other = rule_of(Queue(mode="always"), "other")
    world.add_route(other)
    world.acts = [slow(world, 100.0), slow(world, 100.0)]
    for _ in range(5):
        await world.accept(b"slow")
    world.worker.start()
    await asyncio.sleep(1.0)
    await world.accept(b"b", rule=other)
    await asyncio.sleep(1.0)
    assert [body for _, body in world.sent] == [b"slow", b"slow", b"b"]
    assert world.worker.snapshot()["under_way"] == {"api/default": 2}
    await world.worker.close()


@virtually
async def test_breakers_by_key_hold_up_only_the_delivery_itself():
    world = World(OPEN, 200)
    by_key = replace(world.rule, rests_whole=False)
    world.outlets[world.rule.place] = world.outlets[world.rule.place]._replace(rule=by_key)
    one = await world.accept(b"one")
    await world.accept(b"two")
    await world.run(40.0)
    assert [(round(at), body) for at, body in world.sent] == [(0, b"two"), (30, b"one")]
    assert world.spool[one].attempts == 1


@virtually
async def test_what_a_pace_does_not_let_out_comes_back_without_an_attempt():
    world = World(PACED, 200)
    delivery = await world.accept()
    await world.run(10.0)
    assert [round(at) for at, _ in world.sent] == [6]
    assert world.spool[delivery].attempts == 1
    assert world.stats.attempts == {"not_let_out": 1, "delivered": 1}


@virtually
async def test_no_more_are_under_way_than_the_route_allows():
    world = World(at_once=3)
    most = 0

    async def act(subject):
        nonlocal most
        await world.pass_fence(subject)
        most = max(most, len(world.worker._running))
        await asyncio.sleep(1.0)
        return response(200)

    world.acts = [act] * 10
    for _ in range(10):
        await world.accept()
    await world.run(20.0)
    assert (most, len(world.sent)) == (3, 10)


@virtually
async def test_a_drain_begins_nothing_and_lets_what_is_under_way_finish():
    world = World(at_once=1)
    world.acts = [slow(world, 2.0)]
    ids = [await world.accept(), await world.accept()]
    world.worker.start()
    await asyncio.sleep(1.0)
    world.worker.drain()
    await asyncio.sleep(5.0)
    assert not world.worker.busy
    await world.worker.close()
    assert [world.state(each) for each in ids] == [("delivered", "ok"), ("queued", "")]


@virtually
async def test_what_is_cut_off_after_it_was_sent_is_in_doubt():
    world = World()
    world.acts = [slow(world, 100.0)]
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("unknown", "draining")


@virtually
async def test_what_is_cut_off_before_it_was_sent_goes_back():
    world = World()

    async def waits(_subject):
        await asyncio.Event().wait()

    world.acts = [waits]
    delivery = await world.accept()
    await world.run(1.0)
    assert (world.state(delivery), world.spool[delivery].claimed) == (("queued", ""), False)
    assert world.spool[delivery].attempts == 0


@pytest.mark.parametrize("sent", [True, False])
def test_a_call_that_is_given_up_is_put_back_unless_it_was_sent(sent):
    @virtually
    async def run():
        world = World()

        async def act(subject):
            if sent:
                await world.pass_fence(subject)
            await asyncio.sleep(1.0)
            raise Draining("bye", sent=sent)

        world.acts = [act]
        delivery = await world.accept()
        world.worker.start()
        await asyncio.sleep(0.5)
        world.worker.drain()
        await asyncio.sleep(1.0)
        assert world.state(delivery)[0] == ("unknown" if sent else "queued")
        assert not world.spool[delivery].claimed or sent
        await world.worker.close()

    run()


@virtually
async def test_nothing_is_sent_that_could_not_be_written_down_before():
    world = World()

    async def act(subject):
        world.spool.down = True
        try:
            await world.pass_fence(subject)
        finally:
            world.spool.down = False

    world.acts = [act, 200]
    delivery = await world.accept()
    await world.run(30.0)
    assert len(world.sent) == 1
    assert world.sent[0][0] >= 1.0
    assert world.state(delivery) == ("delivered", "http_200")


@virtually
async def test_a_delivery_that_was_discarded_meanwhile_is_not_sent():
    world = World()

    async def act(subject):
        world.spool[delivery].claimed = False
        world.spool.reference.discard([delivery], 0.0)
        await world.pass_fence(subject)

    world.acts = [act]
    delivery = await world.accept()
    await world.run(5.0)
    assert (world.sent, world.state(delivery)[0]) == ([], "discarded")


@virtually
async def test_an_outcome_is_written_down_however_long_the_spool_is_away():
    world = World()

    async def act(subject):
        await world.pass_fence(subject)
        world.spool.down = True
        return response(200)

    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(60.0)
    assert world.state(delivery)[0] == "sending"
    world.spool.down = False
    await asyncio.sleep(6.0)
    assert world.state(delivery)[0] == "delivered"
    assert len(world.told) == 1
    await world.worker.close()


@virtually
async def test_a_spool_that_comes_back_is_gone_on_with():
    world = World(200)
    await world.accept()
    world.spool.down = True
    world.worker.start()
    await asyncio.sleep(30.0)
    world.spool.down = False
    await asyncio.sleep(2.0)
    assert len(world.sent) == 1
    await world.worker.close()


@virtually
async def test_deliveries_of_a_route_that_is_gone_stay_where_they_are():
    world = World(200)
    gone = rule_of(Queue(mode="always"), "gone")
    stray = await world.accept(b"a", rule=gone)
    await world.accept(b"b")
    await world.run(5.0)
    assert [body for _, body in world.sent] == [b"b"]
    assert (world.state(stray), world.spool[stray].claimed) == (("queued", ""), False)
    assert world.worker.snapshot()["without_route"] == ["api/gone"]


@virtually
async def test_an_answer_that_breaks_off_was_an_answer_all_the_same():
    world = World()

    class Broken(BytesBody):
        async def read(self):
            return self.take() or (_ for _ in ()).throw(RESET)

    async def act(subject):
        await world.pass_fence(subject)
        return Response(200, b"OK", [(b"Set-Cookie", b"x")], Broken(b"{"))

    world.acts = [act]
    delivery = await world.accept()
    await world.run(1.0)
    kept = world.spool[delivery]
    assert (kept.state, kept.answer.body, kept.answer.truncated) == ("delivered", b"{", True)
    assert kept.answer.headers == []


@virtually
async def test_of_a_long_answer_the_beginning_is_kept_and_it_is_closed():
    world = World()
    closed = []

    async def act(subject):
        await world.pass_fence(subject)
        answer = response(200, b"x" * 100_000)
        answer.on_close(closed.append)
        return answer

    world.acts = [act]
    delivery = await world.accept()
    await world.run(1.0)
    answer = world.spool[delivery].answer
    assert (len(answer.body), answer.truncated, closed) == (64 * 1024, True, [None])


@virtually
async def test_a_fault_of_the_sidecar_is_no_reason_to_send_twice():
    world = World()

    async def act(subject):
        await world.pass_fence(subject)
        raise ValueError("a fault")

    world.acts = [act]
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("unknown", "internal_error")


@virtually
async def test_the_tag_is_added_when_it_is_sent_and_the_length_says_so():
    world = World(200, tag=True)
    delivery = await world.accept(b'{"to":1}', (b"content-length", b"8"))
    assert world.spool[delivery].body == b'{"to":1}'
    await world.run(1.0)
    body = b'{"to":1,"biz_opaque_callback_data":"%s"}' % delivery.encode()
    assert world.sent == [(0.0, body)]
    assert world.exchanges[0].request.headers == [(b"content-length", b"%d" % len(body))]


PLACES = [Place("api", name) for name in ("a", "b")]


def rooms(at_once=2):
    world = World(at_once=at_once)
    for place in PLACES:
        world.add_route(rule_of(Queue(at_once=at_once), place.route))
    del world.outlets[world.rule.place]
    return Rooms(world.outlets)


@virtually
async def test_as_many_are_taken_as_fit_whichever_routes_they_are_of():
    subject = rooms()
    assert subject.room(subject.paused(0.0)) == 2
    subject.begin(PLACES[0])
    assert subject.room(subject.paused(0.0)) == 1
    subject.begin(PLACES[0])
    assert subject.paused(0.0) == {PLACES[0]}
    assert subject.room(subject.paused(0.0)) == 2
    subject.end(PLACES[0])
    assert subject.paused(0.0) == set()


@virtually
async def test_a_rest_is_not_shortened_by_another():
    subject = rooms()
    assert subject.until_rested(0.0) == float("inf")
    subject.rest(PLACES[0], 10.0)
    subject.rest(PLACES[0], 5.0)
    assert subject.paused(9.0) == {PLACES[0]}
    assert subject.until_rested(9.0) == 1.0
    assert subject.paused(10.0) == set()


@virtually
async def test_where_all_routes_are_paused_nothing_is_taken():
    subject = rooms()
    for place in PLACES:
        subject.rest(place, 10.0)
    assert subject.room(subject.paused(0.0)) == 0


@virtually
async def test_a_route_that_does_not_exist_is_news_once():
    subject = rooms()
    assert subject.stray(Place("api", "x"))
    assert not subject.stray(Place("api", "x"))
    assert Place("api", "x") in subject.paused(0.0)


@virtually
async def test_what_expires_while_it_waits_for_its_turn_is_not_sent():
    async def paced(subject):
        await asyncio.sleep(11.0)
        await world.pass_fence(subject)
        return response(200)

    world = World(paced, expires=10.0)
    delivery = await world.accept()
    await world.run(20.0)
    assert (world.state(delivery), world.sent) == (("expired", "expired"), [])
    assert [told.state for told in world.told] == ["expired"]
    assert world.stats.attempts == {"expired": 1}


@virtually
async def test_what_was_begun_in_time_is_not_cut_off_because_it_expires():
    world = World(expires=10.0)
    world.acts.append(slow(world, 12.0))
    delivery = await world.accept()
    await world.run(20.0)
    assert world.state(delivery)[0] == "delivered"
