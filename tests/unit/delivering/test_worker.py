"""What the worker sends and when, and what becomes of each delivery."""

import asyncio

from sidecar.errors import ConnectError, UpstreamReset
from sidecar.exchange import BytesBody, Response
from tests.support.builders import response
from tests.support.delivering import World, slow
from tests.support.virtual_time import virtually

UNREACHED = ConnectError("no", code="connect_error")
RESET = UpstreamReset("reset", code="upstream_reset")


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
