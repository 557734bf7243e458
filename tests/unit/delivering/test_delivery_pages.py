"""The pages of deliveries: one, lists of them, and what is refused."""

import json

import pytest

from sidecar.errors import BadRequest, NoRoute, Rejected
from sidecar.spool import Answer
from tests.support.delivery_pages import Application
from tests.support.virtual_time import virtually


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
