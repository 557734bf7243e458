import asyncio
import json

import pytest

from sidecar.delivering.control import Change, Control, Selection
from sidecar.errors import UpstreamReset
from tests.support.delivering import World
from tests.support.virtual_time import virtually

RESET = UpstreamReset("reset", code="upstream_reset")


class Operator(World):
    def __init__(self, *acts, **settings):
        super().__init__(*acts, **settings)
        self.control = Control(self.spool, self.outlets, self.worker, self.clock)


async def dead(count=1, act=400, **settings):
    """A world with dead letters."""
    world = Operator(*[act] * count, **settings)
    ids = [await world.accept(b"m%d" % number) for number in range(count)]
    world.worker.start()
    await asyncio.sleep(1.0)
    return world, ids


@virtually
async def test_a_dead_letter_is_sent_again_with_a_new_life():
    world, (delivery,) = await dead()
    await asyncio.sleep(5000.0)
    assert await world.control.replay([delivery]) == 1
    await asyncio.sleep(1.0)
    assert world.state(delivery) == ("delivered", "http_200")
    assert world.spool[delivery].attempts == 1
    assert len(world.sent) == 2


@virtually
async def test_what_is_done_or_not_there_is_not_sent_again():
    world, (delivery,) = await dead(act=200)
    assert await world.control.replay([delivery, "nothing"]) == 0


@virtually
async def test_all_that_match_are_sent_again():
    world, ids = await dead(3)
    assert await world.control.replay_all(Selection(("expired",))) == 0
    assert await world.control.replay_all(Selection(("failed",), upstream="other")) == 0
    assert await world.control.replay_all(Selection(("failed",))) == 3
    await asyncio.sleep(1.0)
    assert {world.state(each)[0] for each in ids} == {"delivered"}


@virtually
async def test_a_replay_at_a_rate_goes_in_order_and_only_once_at_a_time():
    world, _ = await dead(3)
    world.sent.clear()
    assert world.control.replay_slowly(Selection(("failed",)), 0.5)
    assert not world.control.replay_slowly(Selection(("failed",)), 0.5)
    assert (await world.control.snapshot())["replaying"]
    await asyncio.sleep(10.0)
    assert [(round(at) - 1, body) for at, body in world.sent] == [
        (0, b"m0"),
        (2, b"m1"),
        (4, b"m2"),
    ]
    assert not (await world.control.snapshot())["replaying"]


@virtually
async def test_a_replay_waits_for_a_spool_that_is_away():
    world, (delivery,) = await dead()
    world.spool.down = True
    world.control.replay_slowly(Selection(("failed",)), 1.0)
    await asyncio.sleep(10.0)
    world.spool.down = False
    await asyncio.sleep(5.0)
    assert world.state(delivery)[0] == "delivered"


@virtually
async def test_a_dead_letter_that_is_discarded_is_never_sent():
    world, (delivery,) = await dead()
    assert await world.control.discard([delivery], "by_hand") == 1
    assert world.state(delivery) == ("discarded", "by_hand")
    assert await world.control.replay([delivery]) == 0


@virtually
async def test_all_that_match_are_discarded():
    world, ids = await dead(3)
    assert await world.control.discard_all(Selection(("failed",)), "by_hand") == 3
    assert {world.state(each)[0] for each in ids} == {"discarded"}


@virtually
async def test_a_dead_letter_is_corrected_and_sent_again():
    world = Operator(400)
    delivery = await world.accept(b"wrong", (b"Content-Length", b"5"))
    world.worker.start()
    await asyncio.sleep(1.0)
    assert await world.control.edit(delivery, Change(body=b"corrected", note="typo"))
    await world.control.replay([delivery])
    await asyncio.sleep(1.0)
    assert world.sent[-1][1] == b"corrected"
    assert world.exchanges[-1].request.headers == [(b"Content-Length", b"9")]
    assert (await world.control.show(delivery))["note"] == "typo"


@virtually
async def test_times_are_given_from_now():
    world = Operator(200)
    delivery = await world.accept()
    await asyncio.sleep(10.0)
    assert await world.control.edit(delivery, Change(after=60.0, expires=600.0))
    assert world.spool[delivery].due == world.clock.wall() + 60.0
    assert world.spool[delivery].expires_at == world.clock.wall() + 600.0
    await world.run(100.0)
    assert [round(at) for at, _ in world.sent] == [70]


@virtually
async def test_what_is_not_there_cannot_be_edited_or_shown():
    world = Operator()
    assert not await world.control.edit("nothing", Change(note="x"))
    assert await world.control.show("nothing") is None


@virtually
async def test_people_see_what_there_is_but_no_secrets():
    world = Operator(400)
    headers = ((b"Authorization", b"s3cret"), (b"X-A", b"s3cret"))
    delivery = await world.accept(b"s3cret", *headers, target="/x?key=s3cret")
    await world.run(1.0)
    shown = await world.control.show(delivery)
    assert "s3cret" not in str(shown)
    assert shown["fields"] == "Authorization, X-A"
    assert (shown["answer_status"], shown["answer_body"]) == (400, '{"ok":1}')
    rows = await world.control.rows(Selection(("failed",)), None, 10)
    assert [row["id"] for row in rows] == [delivery]


@virtually
async def test_the_shape_of_a_body_is_shown_so_that_it_can_be_edited():
    world = Operator(400)
    body = '{"to": "49170", "n": 12.5, "ok": true, "list": [{"a": "é"}], "none": null}'
    delivery = await world.accept(body.encode())
    shown = await world.control.show(delivery)
    assert json.loads(shown["body"]) == {
        "to": "(5 characters)",
        "n": "(number)",
        "ok": True,
        "list": [{"a": "(1 characters)"}],
        "none": None,
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"to=49170", "(8 bytes)"),
        (b"\xff\xfe", "(2 bytes)"),
        (b"[" * 100_000, "(100000 bytes)"),
        (b'"' + b"x" * 300_000 + b'"', "(300002 bytes)"),
    ],
)
def test_of_another_body_only_the_size_is_shown(body, text):
    @virtually
    async def run():
        world = Operator()
        shown = await world.control.show(await world.accept(body))
        assert shown["body"] == text

    run()


@virtually
async def test_of_a_large_body_only_so_much_is_shown():
    world = Operator()
    many = {f"{number}-{'k' * 1000}": [[[[[[[[1]]]]]]]] for number in range(100)}
    delivery = await world.accept(json.dumps(many).encode())
    assert len((await world.control.show(delivery))["body"]) <= 2048


@virtually
async def test_a_dead_letter_whose_token_has_run_out_gets_another():
    world = Operator(400, 200)
    headers = ((b"authorization", b"Bearer old"), (b"X-A", b"a"), (b"Content-Length", b"3"))
    delivery = await world.accept(b"abc", *headers)
    world.worker.start()
    await asyncio.sleep(1.0)
    change = Change(authorization="Bearer new", body=b"abcd")
    assert await world.control.edit(delivery, change)
    assert await world.control.replay([delivery]) == 1
    await asyncio.sleep(1.0)
    await world.worker.close()
    sent = world.exchanges[-1].request
    assert sorted(sent.headers) == [
        (b"Authorization", b"Bearer new"),
        (b"Content-Length", b"4"),
        (b"X-A", b"a"),
    ]


@virtually
async def test_how_it_all_stands_is_shown():
    world, _ = await dead()
    shown = await world.control.snapshot()
    assert (shown["deliveries"]["failed"], shown["durability"]) == (1, "memory-for-tests")
    assert shown["under_way"] == {}


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_doubt_can_be_sent_again_by_hand(state):
    @virtually
    async def run():
        world, (delivery,) = await dead(act=400 if state == "failed" else RESET)
        assert world.state(delivery)[0] == state
        assert await world.control.replay([delivery]) == 1

    run()
