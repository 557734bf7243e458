import asyncio

import pytest

from sidecar.core.json_path import parsed
from sidecar.core.media import Callers, call_of, url_in
from sidecar.core.media_urls import MediaUrls
from sidecar.errors import UpstreamReset
from sidecar.exchange import Timeline, stack
from sidecar.flights.own_call import Destination
from sidecar.layers.download import Parts, download
from sidecar.telemetry.media_stats import MediaStats
from tests.support.builders import exchange, request, response
from tests.support.clock import FakeClock
from tests.support.stepped_clock import settle

ALICE = [(b"Authorization", b"Bearer alice"), (b"User-Agent", b"bot"), (b"Accept", b"image/*")]
ASKED = request("GET", "/v23.0/1?x=1", ALICE[:1])


class World:
    """The host of the files, whose answers are by URL, and the API, which knows the newest URL."""

    def __init__(self, **files):
        self.clock = FakeClock()
        self.files = files
        self.newest = "/new"
        self.api_error = None
        self.api_status = 200
        self.api_age = 0.0
        self.hedged = Timeline(0.0)
        self.downloads = []
        self.asked = []
        self.closed = []
        self.stats = MediaStats()
        self.known = MediaUrls(Callers(b"secret"))
        self.find = lambda _: Destination("node", self._api)
        parts = Parts("graph", self._find, self.known, 240.0, self.stats, self.clock)
        self.handler = stack(download(parts), on=self._host)

    def _find(self, target):
        return self.find(target)

    def learn(self, target="/old", age=0.0):
        self.known.learn(ASKED, "1", target, self.clock.now() - age)

    async def _host(self, subject):
        target = subject.request.target
        self.downloads.append(target)
        subject.attempt, subject.timeline = 2, self.hedged  # as after a second request
        answer = response(*self.files[target[1:]])
        answer.on_close(lambda _: self.closed.append(target))
        return answer

    async def _api(self, subject):
        """As the real chain: the answer is learned from on its way."""
        self.asked.append(subject)
        if self.api_error is not None:
            raise self.api_error
        body = b'{"id":"1","url":"https://host.test%b"}' % self.newest.encode()
        call = call_of(subject.request)
        if self.api_status == 200:
            target = url_in(parsed(body), call.node)
            since = self.clock.now() - self.api_age
            self.known.learn(subject.request, call.node, target, since)
        answer = response(self.api_status, body)
        answer.on_close(lambda _: self.closed.append("api"))
        return answer

    async def get(self, target="/old", headers=ALICE, deadline=float("inf"), method="GET"):
        self.subject = exchange(request(method, target, headers), deadline=deadline)
        answer = await self.handler(self.subject)
        return answer.status, await answer.body.read()


GONE = (404, b"expired")
FILE = (200, b"file")


async def test_a_young_url_is_used_as_it_is():
    world = World(old=FILE)
    world.learn(age=239.0)
    assert await world.get() == FILE
    assert world.asked == []


async def test_a_url_that_is_not_known_is_used_as_it_is():
    world = World(old=GONE)
    assert await world.get() == GONE
    assert (world.downloads, world.asked) == (["/old"], [])


async def test_an_old_url_is_renewed_before_it_is_asked_for():
    world = World(new=FILE)
    world.learn(age=240.0)
    assert await world.get() == FILE
    assert world.downloads == ["/new"]
    assert world.stats.urls == {"renewed": 1}
    assert (world.subject.attempt, world.subject.timeline) == (2, world.hedged)
    assert world.subject.request.target == "/old"


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_url_that_is_refused_is_renewed_and_the_download_made_again_once(status):
    world = World(old=(status, b""), new=(status, b"again"))
    world.learn(age=60.0)
    assert await world.get() == (status, b"again")
    assert world.downloads == ["/old", "/new"]
    assert world.closed == ["api", "/old"]


@pytest.mark.parametrize(("status", "age"), [(404, 59.0), (500, 100.0), (429, 100.0), (416, 100.0)])
async def test_what_is_refused_for_another_reason_is_passed_on(status, age):
    world = World(old=(status, b"why"))
    world.learn(age=age)
    assert await world.get() == (status, b"why")
    assert world.asked == []


async def test_the_api_is_asked_as_the_application_asked_it():
    world = World(new=FILE)
    world.learn(age=300.0)
    await world.get(deadline=1005.0)
    (call,) = world.asked
    assert (call.upstream, call.route, call.id) == ("graph", "node", "x1.url")
    assert call.request.target == "/v23.0/1?x=1"
    assert call.request.headers == [
        *ALICE[:2],
        (b"Cache-Control", b"no-cache"),
        (b"X-Sidecar-Timeout", b"5.000"),
    ]
    assert call.deadline == 1005.0
    assert not call.background


async def test_a_younger_url_of_the_file_is_used_without_asking():
    world = World(newer=FILE)
    world.learn(age=300.0)
    world.learn("/newer", age=10.0)
    assert await world.get() == FILE
    assert world.asked == []


async def test_a_url_that_the_api_gives_out_again_is_good_again():
    world = World(old=FILE)
    world.newest = "/old"
    world.learn(age=300.0)
    assert await world.get() == FILE
    assert await world.get() == FILE
    assert len(world.asked) == 1


async def test_a_refused_url_that_the_api_gives_out_again_is_not_tried_again():
    world = World(old=GONE)
    world.newest = "/old"
    world.learn(age=60.0)
    assert await world.get() == GONE
    assert world.downloads == ["/old"]


def unreachable(world):
    world.api_error = UpstreamReset("gone", code="upstream_reset")


def refusing(world):
    world.api_status = 400


def answering_from_a_cache(world):
    world.newest, world.api_age = "/old", 290.0


def without_route(world):
    world.find = lambda _: None


@pytest.mark.parametrize("trouble", [unreachable, refusing, answering_from_a_cache, without_route])
@pytest.mark.parametrize("age", [100.0, 300.0])
async def test_where_there_is_no_new_url_the_old_ones_answer_goes_back(trouble, age):
    world = World(old=GONE)
    world.learn(age=age)
    trouble(world)
    assert await world.get() == GONE
    assert world.downloads == ["/old"]
    assert world.stats.urls == {"failed": 1}


async def test_somebody_else_is_not_helped():
    world = World(old=GONE)
    world.learn(age=300.0)
    assert await world.get(headers=[(b"Authorization", b"Bearer bob")]) == GONE
    assert world.asked == []


async def test_an_application_that_leaves_while_a_url_is_renewed_leaves_nothing_open():
    world = World(old=GONE)
    world.learn(age=100.0)

    async def silent(_):
        await asyncio.Event().wait()

    world.find = lambda _: Destination("node", silent)
    task = asyncio.ensure_future(world.get())
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.closed == ["/old"]
