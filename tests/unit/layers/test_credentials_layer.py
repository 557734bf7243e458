import asyncio
import logging
import math

import pytest

from sidecar.config import Retry
from sidecar.config.credentials import Credentials
from sidecar.config.secret import Secret
from sidecar.core.budget import Budget
from sidecar.core.key_ring import KeyRing, Rule
from sidecar.exchange import stack
from sidecar.judgement import Judgement
from sidecar.layers.credentials import Parts, credentials
from sidecar.layers.retry import Parts as RetryParts
from sidecar.layers.retry import retry
from sidecar.telemetry.key_stats import KeyStats
from sidecar.telemetry.retry_stats import RetryStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock

DONE = Judgement("success", "done", "ok")
QUOTA = Judgement("ignore", "refused", "http_429", wait=20.0, scope="key")
DAY = Judgement("ignore", "permanent", "gemini_429_day", math.inf, "model")
DENIED = Judgement("ignore", "permanent", "http_401")


class World:
    """Retry around the layer around an upstream that judges by the key that it gets."""

    def __init__(self, *keys, retrying=None, **config):
        config.setdefault("header", "x-goog-api-key")
        self.config = Credentials(values=tuple(map(Secret, keys)), **config)
        self.clock = FakeClock(start=100.0)
        self.stats = KeyStats(self.config.titles)
        rule = Rule(
            self.config.cooldown,
            self.config.max_cooldown,
            self.config.set_aside,
            self.config.spread,
        )
        self.ring = KeyRing(self.config.titles, rule) if keys else None
        self.sent = []
        self.answers = {}
        self.retries = RetryStats()
        self.model = None
        parts = Parts(self.config, self.ring, self.stats, self.clock, lambda _: self.model)
        budget = Budget(0.1, 100, 0, 30.0)
        self.handler = stack(
            retry(RetryParts(retrying or Retry(), budget, self.retries, self.clock)),
            credentials(parts),
            on=self._upstream,
        )

    async def _upstream(self, subject):
        self.sent.append(subject.request)
        key = dict(subject.request.headers).get(b"x-goog-api-key", b"").decode()
        status, judgement = self.answers.get(key, (200, DONE))
        answer = response(status, key.encode())
        answer.judgement = judgement
        return answer

    async def call(self, target="/x", headers=None, left=30.0, body=b"b"):
        now = self.clock.now()
        self.subject = exchange(request("POST", target, headers, body), deadline=now + left)
        return await self.handler(self.subject)

    @property
    def keys(self):
        return [dict(each.headers).get(b"x-goog-api-key") for each in self.sent]


async def test_a_call_without_a_key_gets_one_and_the_application_sees_nothing_of_it():
    world = World("k1")
    assert (await world.call(headers=[(b"A", b"1")])).status == 200
    assert world.sent[0].headers == [(b"A", b"1"), (b"x-goog-api-key", b"k1")]
    assert world.subject.request.headers == [(b"A", b"1")]
    assert world.stats.keys["1"].used == 1


async def test_a_call_with_a_key_keeps_it():
    world = World("k1", query="key")
    await world.call(headers=[(b"X-Goog-Api-Key", b"own")])
    await world.call("/x?key=own")
    assert world.sent[0].headers == [(b"X-Goog-Api-Key", b"own")]
    assert (world.sent[1].target, world.sent[1].headers) == ("/x?key=own", [])
    assert world.stats.keys["1"].used == 0


async def test_a_key_of_the_applications_own_is_not_counted_against_ours():
    world = World("k1", "k2")
    world.answers["own"] = (429, QUOTA._replace(wait=60.0))
    assert (await world.call(headers=[(b"x-goog-api-key", b"own")])).status == 429
    await world.call()
    assert world.keys == [b"own", b"k1"]


async def test_a_key_is_replaced_where_that_is_asked_for():
    world = World("k1", query="key", overwrite=True)
    await world.call("/x?key=own&a=1", [(b"X-Goog-Api-Key", b"dummy")])
    assert (world.sent[0].target, world.sent[0].headers) == (
        "/x?a=1",
        [(b"x-goog-api-key", b"k1")],
    )


async def test_a_query_key_is_moved_also_where_the_sidecar_holds_none():
    world = World(query="key", move_query_key=True)
    await world.call("/x?key=own&a=1")
    assert (world.sent[0].target, world.keys) == ("/x?a=1", [b"own"])
    assert world.subject.request.target == "/x?key=own&a=1"


async def test_a_refused_key_gives_way_to_the_next_one_without_the_wait():
    world = World("k1", "k2")
    world.answers["k1"] = (429, QUOTA)
    assert (await world.call()).status == 200
    assert world.keys == [b"k1", b"k2"]
    assert sum(world.clock.slept) == 0
    assert world.retries.retries == {"http_429": 1}
    await world.call()
    assert world.keys == [b"k1", b"k2", b"k2"]
    assert (world.stats.keys["1"].refused, world.stats.keys["2"].used) == (1, 2)
    world.clock.advance(20.0)
    world.answers.clear()
    await world.call()
    assert world.keys[-1] == b"k1"


async def test_a_quota_of_the_day_gives_way_too_for_its_model_only():
    world = World("k1", "k2")
    world.model = "pro"
    world.answers["k1"] = (429, DAY)
    assert (await world.call()).status == 200
    assert world.keys == [b"k1", b"k2"]
    world.model = "flash"
    world.answers.clear()
    await world.call()
    assert world.keys[-1] == b"k1"


async def test_a_key_that_is_not_accepted_is_set_aside_and_never_named_by_its_value(caplog):
    world = World("AIza-secret-1", "AIza-secret-2", names=("main", "spare"))
    world.answers["AIza-secret-1"] = (401, DENIED)
    with caplog.at_level(logging.WARNING, logger="sidecar"):
        for _ in range(3):
            assert (await world.call()).status == 200
    assert len(world.sent) == 4
    assert world.stats.keys["main"].rejected == 1
    (line,) = (each for each in caplog.records if each.msg == "key_set_aside")
    assert (line.fields["key"], line.fields["status"]) == ("main", 401)
    assert len(line.fields["digest"]) == 4
    assert "AIza" not in str(line.__dict__)


async def test_a_lone_key_that_is_not_accepted_stays_in_use():
    world = World("k1")
    world.answers["k1"] = (403, DENIED)
    for _ in range(2):
        assert (await world.call()).status == 403
    assert world.keys == [b"k1", b"k1"]


async def test_no_more_keys_are_tried_than_a_call_may_have():
    world = World("k1", "k2", "k3", "k4", keys_per_call=2, retrying=Retry(attempts=10))
    for key in ("k1", "k2", "k3", "k4"):
        world.answers[key] = (401, DENIED)
    assert (await world.call()).status == 401
    assert world.keys == [b"k1", b"k2"]


async def test_other_keys_are_no_attempts_of_the_route():
    world = World("k1", "k2", "k3", "k4", keys_per_call=4, retrying=Retry(attempts=2))
    for key in ("k1", "k2", "k3"):
        world.answers[key] = (429, QUOTA)
    failed = Judgement("failure", "refused", "http_503")
    world.answers["k4"] = (503, failed)
    assert (await world.call()).status == 503
    assert world.keys == [b"k1", b"k2", b"k3", b"k4", b"k4"]
    assert world.retries.skipped == {"attempts": 1}


async def test_when_all_rest_a_call_waits_for_the_first_that_is_free():
    world = World("k1", "k2")
    world.answers = {"k1": (429, QUOTA._replace(wait=5.0)), "k2": (429, QUOTA._replace(wait=60.0))}
    assert (await world.call(left=3.0)).status == 429
    assert world.keys == [b"k1", b"k2"]
    world.answers.clear()
    began = world.clock.now()
    assert (await world.call()).status == 200
    assert world.keys[-1] == b"k1"
    waited = world.clock.now() - began
    assert waited == pytest.approx(5.0, abs=0.2)
    assert world.subject.timeline.paced == pytest.approx(waited)
    assert (world.stats.waits, world.stats.seconds) == (1, pytest.approx(waited))


@pytest.mark.parametrize(("wait", "left"), [(15.0, 30.0), (5.0, 4.0)])
async def test_when_that_is_too_long_the_answer_of_the_upstream_is_passed_on(wait, left):
    world = World("k1")
    world.answers["k1"] = (429, QUOTA._replace(wait=wait))
    retrying = world.call(left=0.5)
    assert (await retrying).status == 429
    slept = len(world.clock.slept)
    assert (await world.call(left=left)).status == 429
    assert len(world.clock.slept) == slept
    assert world.stats.unrested == 1


async def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind():
    world = World("k1")
    world.ring.refused(0, 100.0, 5.0)

    async def endless(_seconds):
        await asyncio.Event().wait()

    world.clock.sleep = endless
    call = asyncio.ensure_future(world.call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert world.sent == []


async def test_an_answer_that_nobody_judged_is_judged_by_its_status():
    world = World("k1", "k2")
    world.answers["k1"] = (429, None)
    await world.call()
    assert world.stats.keys["1"].refused == 1


def test_without_keys_and_without_moving_there_is_no_layer():
    parts = Parts(Credentials(), None, KeyStats(()), FakeClock(), lambda _: None)
    assert credentials(parts) is None


def test_the_layer_shows_no_key():
    world = World("AIza-secret")
    parts = Parts(world.config, world.ring, world.stats, world.clock, lambda _: None)
    layer = credentials(parts)(world._upstream)
    assert "AIza" not in f"{layer!r} {parts!r}"
