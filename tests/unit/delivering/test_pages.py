import asyncio
import json

import pytest

from sidecar.delivering.feed import LATEST, Feed
from sidecar.delivering.pages import Pages, Parts
from sidecar.errors import BadRequest, NoRoute, Rejected, UpstreamReset
from sidecar.spool import Answer, SpoolUnavailable
from tests.support.builders import exchange, request
from tests.support.delivering import World
from tests.support.virtual_time import virtually

RESET = UpstreamReset("reset", code="upstream_reset")


class Application(World):
    """What the application sees."""

    def __init__(self, *acts, **settings):
        super().__init__(*acts, **settings)
        self.pages = Pages(Parts(self.spool, self.feed, self.settling, self.clock))

    async def page(self, target, method="GET", body=None, headers=()):
        return await self.pages(exchange(request(method, target, list(headers), body)))

    async def get(self, target):
        answer = await self.page(f"/_sidecar/{target}")
        return json.loads(answer.body.data)

    async def settle(self, *said, **more):
        webhook = {"entry": [{"changes": [{"value": {"statuses": [*said]}}]}], **more}
        answer = await self.page(
            "/_sidecar/deliveries/settle", "POST", json.dumps(webhook).encode()
        )
        return json.loads(answer.body.data)


def status(tag, word="sent"):
    return {"id": "wamid.1", "status": word, "biz_opaque_callback_data": tag}


@virtually
async def test_a_delivery_can_be_followed_to_its_answer():
    world = Application(200)
    delivery = await world.accept(b"s3cret-body", (b"Authorization", b"s3cret-token"))
    assert (await world.get(f"deliveries/{delivery}"))["state"] == "queued"
    await world.run(1.0)
    shown = await world.get(f"deliveries/{delivery}")
    assert (shown["state"], shown["attempts"]) == ("delivered", 1)
    assert shown["answer"] == {
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": '{"ok":1}',
        "truncated": False,
    }
    assert shown["accepted_at"] == "2023-11-14T22:13:20.000+00:00"


@virtually
async def test_neither_body_nor_credentials_are_shown():
    world = Application()
    headers = (b"Authorization", b"s3cret-token")
    delivery = await world.accept(b"s3cret-body", headers, target="/x?access_token=s3cret")
    for target in (f"deliveries/{delivery}", "deliveries"):
        assert "s3cret" not in json.dumps(await world.get(target))


@virtually
async def test_a_message_id_of_ours_leads_to_its_delivery():
    world = Application()
    delivery = await world.accept()
    assert (await world.get(f"deliveries/wamid.sidecar.{delivery}"))["id"] == delivery


@virtually
async def test_what_is_not_there_is_404():
    world = Application()
    assert (await world.page("/_sidecar/deliveries/nothing")).status == 404


@virtually
async def test_an_answer_that_is_no_text_is_given_as_base_64():
    world = Application()
    delivery = await world.accept()
    world.spool[delivery].answer = Answer(200, [], b"\xff")
    assert (await world.get(f"deliveries/{delivery}"))["answer"]["body_base64"] == "/w=="


@virtually
async def test_deliveries_are_listed_by_state_and_page_by_page():
    world = Application(400)
    ids = [await world.accept() for _ in range(3)]
    failed = await world.get("deliveries?state=failed,expired")
    assert failed == {"deliveries": [], "next": None}
    page = await world.get("deliveries?state=queued&limit=2")
    assert [row["id"] for row in page["deliveries"]] == ids[:2]
    page = await world.get(f"deliveries?state=queued&limit=2&after={page['next']}")
    assert ([row["id"] for row in page["deliveries"]], page["next"]) == (ids[2:], None)
    assert (await world.get("deliveries?upstream=other"))["deliveries"] == []


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=x", "limit=1001", "limit=-1"])
def test_a_list_that_cannot_be_is_refused(query):
    @virtually
    async def run():
        with pytest.raises(BadRequest):
            await Application().get(f"deliveries?{query}")

    run()


@pytest.mark.parametrize(
    "target", ["/_sidecar", "/_sidecar/", "/_sidecar/deliveriesx", "/_sidecar/x"]
)
def test_other_pages_do_not_exist(target):
    @virtually
    async def run():
        with pytest.raises(NoRoute):
            await Application().page(target)

    run()


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("POST", "/_sidecar/deliveries", b"GET"),
        ("DELETE", "/_sidecar/events", b"GET"),
        ("GET", "/_sidecar/deliveries/settle", b"POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(method, target, allow):
    @virtually
    async def run():
        answer = await Application().page(target, method)
        assert (answer.status, dict(answer.headers)[b"Allow"]) == (405, allow)

    run()


@virtually
async def test_a_spool_that_is_away_is_said_to_be():
    world = Application()
    world.spool.down = True
    with pytest.raises(Rejected) as caught:
        await world.get("deliveries")
    assert caught.value.code == "spool_unavailable"


@virtually
async def test_a_status_webhook_settles_what_was_in_doubt():
    world = Application(RESET)
    delivery = await world.accept()
    await world.run(1.0)
    assert await world.settle(status(delivery)) == {
        "settled": [delivery],
        "noted": [],
        "unmatched": 0,
    }
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert [told.state for told in world.told] == ["unknown", "delivered"]


@virtually
async def test_a_status_webhook_may_say_that_it_failed():
    world = Application(RESET)
    delivery = await world.accept()
    await world.run(1.0)
    await world.settle(status(delivery, "failed"))
    assert world.state(delivery) == ("failed", "webhook_failed")


@virtually
async def test_a_webhook_that_comes_before_the_answer_is_lost_counts_when_it_is():
    world = Application()

    async def act(subject):
        await world.pass_fence(subject)
        await asyncio.sleep(5.0)
        raise RESET

    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(1.0)
    assert (await world.settle(status(delivery)))["noted"] == [delivery]
    await asyncio.sleep(5.0)
    assert world.state(delivery) == ("delivered", "webhook_sent")
    await world.worker.close()


@virtually
async def test_an_answer_that_comes_says_more_than_a_webhook():
    world = Application()

    async def act(subject):
        await world.pass_fence(subject)
        await asyncio.sleep(5.0)
        return await world.upstream_answer()

    async def answer():
        from tests.support.builders import response

        return response(200, b"real")

    world.upstream_answer = answer
    world.acts = [act]
    delivery = await world.accept()
    world.worker.start()
    await asyncio.sleep(1.0)
    await world.settle(status(delivery))
    await asyncio.sleep(5.0)
    assert world.spool[delivery].answer.body == b"real"
    await world.worker.close()


@virtually
async def test_what_was_to_be_sent_once_more_in_doubt_is_not_when_a_webhook_knows():
    world = Application(RESET, 200, unknown="retry")
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery) == ("queued", "upstream_reset")
    assert (await world.settle(status(delivery)))["settled"] == [delivery]
    assert world.state(delivery) == ("discarded", "webhook_sent")


@virtually
async def test_statuses_of_nothing_in_doubt_change_nothing():
    world = Application(200)
    done = await world.accept()
    await world.run(1.0)
    said = await world.settle(status("other"), status(done), status("0" * 36))
    assert said == {"settled": [], "noted": [], "unmatched": 3}
    assert world.state(done) == ("delivered", "http_200")


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", "bad_request"), (b"x" * 2**21, "body_too_large"), (None, "bad_request")],
)
def test_what_is_no_webhook_is_refused(body, code):
    @virtually
    async def run():
        with pytest.raises(BadRequest) as caught:
            await Application().page("/_sidecar/deliveries/settle", "POST", body)
        assert caught.value.code == code

    run()


async def some(feed):
    """What the next read brings, as (kind, data)."""
    text = (await feed.body.read()).decode()
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")
        )
        found.append((fields.get("event"), fields.get("id"), json.loads(fields.get("data", "{}"))))
    return found


@virtually
async def test_the_feed_gives_each_change_as_it_comes():
    world = Application(200)
    feed = await world.page("/_sidecar/events")
    assert dict(feed.headers)[b"Content-Type"] == b"text/event-stream"
    reading = asyncio.ensure_future(some(feed))
    await asyncio.sleep(0.1)
    delivery = await world.accept()
    world.feed.ring()
    ((kind, cursor, data),) = await reading
    assert (kind, cursor, data["id"], data["state"]) == ("delivery", "1", delivery, "queued")
    await world.run(1.0)
    assert [data["state"] for _, _, data in await some(feed)] == ["sending", "delivered"]
    feed.close()


@pytest.mark.parametrize(
    ("query", "headers", "states"),
    [
        ("?after=0", [], ["queued", "sending", "delivered"]),
        ("?after=2", [], ["delivered"]),
        ("", [(b"Last-Event-ID", b"1")], ["sending", "delivered"]),
        ("?after=0", [(b"last-event-id", b"2")], ["delivered"]),
    ],
)
def test_the_feed_is_taken_up_where_it_was_left(query, headers, states):
    @virtually
    async def run():
        world = Application(200)
        await world.accept()
        await world.run(1.0)
        feed = await world.page(f"/_sidecar/events{query}", headers=headers)
        assert [data["state"] for _, _, data in await some(feed)] == states

    run()


@virtually
async def test_a_feed_from_a_point_that_is_unknown_says_that_there_is_a_gap():
    world = Application()
    await world.accept()
    feed = await world.page("/_sidecar/events?after=77")
    assert await some(feed) == [("gap", "1", {})]


@virtually
async def test_a_quiet_feed_shows_that_it_is_alive():
    world = Application()
    feed = world.feed.open(LATEST)
    assert feed.body.take() is None
    assert await feed.body.read() == b": still here\n\n"
    assert world.clock.now() == 15.0


@virtually
async def test_a_feed_ends_when_the_sidecar_stops():
    world = Application()
    feed = world.feed.open(LATEST)
    reading = asyncio.ensure_future(feed.body.read())
    await asyncio.sleep(0.1)
    world.feed.close()
    assert await reading == b""
    assert world.clock.now() == pytest.approx(0.1)


@virtually
async def test_readers_are_bounded_and_give_their_place_back():
    feed = Feed(Application().spool)
    readers = [feed.open(0) for _ in range(100)]
    with pytest.raises(BadRequest) as caught:
        feed.open(0)
    assert caught.value.status == 429
    readers[0].close()
    feed.open(0)


@virtually
async def test_a_spool_that_is_away_makes_the_feed_wait():
    world = Application()
    await world.accept()
    world.spool.down = True
    feed = world.feed.open(0)
    reading = asyncio.ensure_future(some(feed))
    await asyncio.sleep(5.0)
    world.spool.down = False
    assert (await reading)[0][0] == "delivery"


@virtually
async def test_a_webhook_that_cannot_be_written_down_is_refused_and_does_not_hang():
    world = Application(500)
    delivery = await world.accept()
    await world.run(1.0)
    assert world.state(delivery)[0] == "unknown"

    async def away(_delivery_id, _settlement):
        raise SpoolUnavailable("away")

    world.spool.settle, settle = away, world.spool.settle
    with pytest.raises(Rejected) as refused:
        async with asyncio.timeout(60.0):
            await world.settle(status(delivery))
    assert refused.value.code == "spool_unavailable"
    world.spool.settle = settle
    assert (await world.settle(status(delivery)))["settled"] == [delivery]


@pytest.mark.parametrize("name", ["\udcff", "x", "wamid.sidecar.", "a/b", "..", "%00"])
def test_what_is_no_id_is_404_without_asking_the_spool(name):
    @virtually
    async def run():
        world = Application()
        assert (await world.page(f"/_sidecar/deliveries/{name}")).status == 404
        assert "get" not in world.spool.calls

    run()


@virtually
async def test_to_ask_for_the_head_of_the_events_begins_no_stream():
    world = Application()
    answer = await world.page("/_sidecar/events", "HEAD")
    assert answer.status == 200
    assert repr(world.feed) == "<Feed to 0>"


@virtually
async def test_a_webhook_that_comes_while_the_doubt_is_written_down_is_not_lost():
    world = Application(500)
    delivery = await world.accept()
    settle = world.spool.settle
    heard = []

    async def slowly(delivery_id, settlement):
        if not heard:
            heard.append(await world.settle(status(delivery)))  # it is still `sending`
        return await settle(delivery_id, settlement)

    world.spool.settle = slowly
    await world.run(1.0)
    assert heard[0]["noted"] == [delivery]
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert [told.state for told in world.told] == ["unknown", "delivered"]


@virtually
async def test_a_webhook_that_comes_before_another_attempt_is_made_spares_it():
    world = Application(500, unknown="retry")
    delivery = await world.accept()
    settle = world.spool.settle
    heard = []

    async def slowly(delivery_id, settlement):
        if not heard:
            heard.append(await world.settle(status(delivery)))
        return await settle(delivery_id, settlement)

    world.spool.settle = slowly
    await world.run(30.0)
    assert world.state(delivery) == ("delivered", "webhook_sent")
    assert len(world.sent) == 1
