import asyncio
import base64
import hmac
import json

from sidecar.config.queue import Callback, Queue
from sidecar.config.secret import Secret
from sidecar.delivering.callbacks import Callbacks, Target
from sidecar.delivering.telling import Ended
from sidecar.errors import ConnectError
from tests.support.builders import response
from tests.support.delivering import World, rule_of
from tests.support.virtual_time import virtually

UNREACHED = ConnectError("no", code="connect_error")


class Application(World):
    """Takes callbacks as `answers` say, and then with 200."""

    def __init__(self, *acts, answers=(), attempts=3, **bounds):
        super().__init__(*acts)
        self.answers = list(answers)
        self.calls = []
        config = Callback("http://app/hook", Secret("s3cret"), attempts=attempts, timeout=2.0)
        target = Target(config, self._take, "/hook", self.stats)
        self.callbacks = Callbacks({self.rule.place: target}, self.clock, **bounds)
        self.telling.listeners.append(self.callbacks.ended)

    async def _take(self, subject):
        self.calls.append((self.clock.now(), subject))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return response(answer)


@virtually
async def test_the_end_of_a_delivery_is_told_with_a_signature():
    world = Application(200)
    delivery = await world.accept()
    await world.run(1.0)
    ((_, subject),) = world.calls
    asked, body = subject.request, subject.request.body.data
    headers = dict(asked.headers)
    assert (asked.method, asked.target) == ("POST", "/hook")
    content = headers[b"webhook-id"] + b"." + headers[b"webhook-timestamp"] + b"." + body
    digest = base64.b64encode(hmac.digest(b"s3cret", content, "sha256"))
    assert headers[b"webhook-signature"] == b"v1," + digest
    said = json.loads(body)
    assert said["type"] == "delivery.delivered"
    assert (said["data"]["id"], said["data"]["answer"]["status"]) == (delivery, 200)
    assert world.stats.callbacks == {"delivered": 1}


@virtually
async def test_a_callback_that_fails_is_repeated_under_the_same_name():
    world = Application(200, answers=[UNREACHED, 500])
    await world.accept()
    await world.run(10.0)
    assert [at for at, _ in world.calls] == [0.0, 1.0, 3.0]
    names = {dict(each.request.headers)[b"webhook-id"] for _, each in world.calls}
    stamps = [dict(each.request.headers)[b"webhook-timestamp"] for _, each in world.calls]
    assert len(names) == 1
    assert stamps == [b"1700000000", b"1700000001", b"1700000003"]
    assert [each.deadline for _, each in world.calls] == [2.0, 3.0, 5.0]


@virtually
async def test_after_all_attempts_it_is_given_up():
    world = Application(200, answers=[500] * 9)
    await world.accept()
    await world.run(100.0)
    assert (len(world.calls), world.stats.callbacks) == (3, {"failed": 1})


@virtually
async def test_a_doubt_and_its_end_are_two_callbacks():
    world = Application(500)
    delivery = await world.accept()
    await world.run(1.0)
    found = await world.spool.get(delivery)
    from sidecar.core.delivery import Delivered

    await world.settling.settle(found, Delivered("webhook_sent"), 1)
    await asyncio.sleep(1.0)
    said = [json.loads(each.request.body.data)["type"] for _, each in world.calls]
    assert said == ["delivery.unknown", "delivery.delivered"]
    assert len({dict(each.request.headers)[b"webhook-id"] for _, each in world.calls}) == 2


@virtually
async def test_what_is_sent_again_by_hand_and_ends_alike_is_another_callback():
    world = Application(400, 400)
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(1.0)
    await world.spool.requeue([delivery], world.clock.wall())
    world.worker.wake()
    await asyncio.sleep(1.0)
    assert [told.state for told in world.told] == ["failed", "failed"]
    assert len({dict(each.request.headers)[b"webhook-id"] for _, each in world.calls}) == 2
    await world.worker.close()


@virtually
async def test_what_comes_when_too_many_are_pending_is_dropped_and_counted():
    world = Application(200, 200, answers=[500], most=1, attempts=2)
    await world.accept()
    await world.accept()
    await world.run(0.5)
    assert world.stats.callbacks == {"dropped": 1}
    assert not world.callbacks.busy
    await world.callbacks.close()


@virtually
async def test_few_are_made_at_once():
    world = Application()
    under_way = most = 0

    async def take(_subject):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(1.0)
        under_way -= 1
        return response(204)

    world._take = take
    target = world.callbacks._targets[world.rule.place]
    world.callbacks._targets = {
        world.rule.place: Target(target.config, take, target.path, world.stats)
    }
    for _ in range(20):
        await world.accept()
    await world.run(10.0)
    assert (most, world.stats.callbacks) == (8, {"delivered": 20})


@virtually
async def test_an_application_that_hangs_holds_up_no_other():
    world = Application()
    told = []

    async def hang(_subject):
        await asyncio.sleep(2.0)
        raise UNREACHED

    async def take(subject):
        told.append(subject)
        return response(204)

    other = rule_of(Queue(mode="always"), "other")
    world.add_route(other)
    config = world.callbacks._targets[world.rule.place].config
    world.callbacks._targets = {
        world.rule.place: Target(config, hang, "/hook", world.stats),
        other.place: Target(config, take, "/hook", world.stats),
    }
    for _ in range(30):
        await world.accept()
    await world.accept(rule=other)
    await world.run(0.5)
    assert len(told) == 1
    await world.callbacks.close()


@virtually
async def test_what_waits_to_be_told_holds_no_request():
    world = Application(answers=[500] * 9)
    body = b"x" * 100_000
    await world.accept(body, (b"Authorization", b"s3cret-token"))
    await world.run(0.1)
    (task,) = world.callbacks._tasks
    held = list(task.get_coro().cr_frame.f_locals.values())
    assert not any(isinstance(value, Ended) for value in held)
    await world.callbacks.close()


@virtually
async def test_what_comes_when_too_many_bytes_are_pending_is_dropped_and_counted():
    world = Application(answers=[500], most_bytes=700, attempts=2)
    found = await world.spool.get(await world.accept())

    def end(number):
        world.settling.tell(found, "failed", f"reason-{number}", 1)

    for number in range(3):
        end(number)
    await asyncio.sleep(10.0)
    assert world.stats.callbacks == {"dropped": 1, "delivered": 2}
    end(3)
    await asyncio.sleep(1.0)
    assert world.stats.callbacks == {"dropped": 1, "delivered": 3}, "the bytes are given back"
    await world.callbacks.close()
