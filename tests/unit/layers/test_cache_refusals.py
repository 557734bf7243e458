"""On a route whose answers are for all, what is about who asked only: refusals, and cookies."""

import asyncio

import pytest

from sidecar.config.cache import Cache
from sidecar.core.cache.model import Entry
from sidecar.judgement import Judgement
from tests.support.builders import response
from tests.support.cached import World
from tests.support.virtual_time import VirtualClock, in_virtual_time, virtually

ALICE, BOB = (b"Authorization", b"Bearer alice"), (b"Authorization", b"Bearer bob")
FAILURE = Judgement("failure", "permanent", "http_401")
NEGATIVE = {401: 30.0, 403: 30.0}
TTL = Cache(ttl=60.0, negative=NEGATIVE)
LENIENT = Cache(ttl=60.0, stale_while_revalidate=600.0, negative=NEGATIVE)


class ForAll(World):
    """As `parts/caching.py` has it: what is for all is not tagged with a credential."""

    def tags(self, request):
        return self.targets.read_tags(request)


def world(refused=frozenset(), *, status=401, config=TTL, judgement=None, shared=True):
    """The upstream refuses those in `refused` and answers all others with their own token."""

    def answer(exchange):
        value = dict(exchange.request.headers).get(b"Authorization", b"nobody")
        if value in refused:
            given = response(status, b"no", [(b"Cache-Control", b"public, max-age=60")])
            given.judgement = judgement
            return given
        return response(200, value, [(b"Cache-Control", b"public, max-age=60")])

    kind = ForAll if shared else World
    return kind(answer, config=config, shared=shared, draw=1.0, clock=VirtualClock())


def tokens(subject):
    return [dict(call.request.headers)[b"Authorization"] for call in subject.calls]


def kept(subject):
    return [each.head.status for each in subject.shelf.values.values() if isinstance(each, Entry)]


@pytest.mark.parametrize("config", [TTL, Cache(mode="rfc9111")])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_not_kept_for_others(status, config):
    async def play():
        subject = world({ALICE[1]}, status=status, config=config)
        assert (await subject.get(ALICE)).status == status
        assert kept(subject) == []
        assert (await subject.get(BOB)).status == 200
        assert kept(subject) == [200]
        subject.warmer.close()

    in_virtual_time(play())


@pytest.mark.parametrize("judgement", [None, FAILURE])
def test_a_refusal_is_not_given_to_those_who_have_joined(judgement):
    async def play():
        subject = world({ALICE[1]}, judgement=judgement)
        alice, bob = await asyncio.gather(subject.get(ALICE), subject.get(BOB))
        assert (alice.status, bob.status, bob.body) == (401, 200, b"Bearer bob")
        assert (await subject.get(ALICE)).body == b"Bearer bob"
        subject.warmer.close()

    in_virtual_time(play())


def test_who_has_joined_a_call_that_fails_gets_no_cookie_of_the_one_who_began_it():
    async def play():
        failed = [(b"Set-Cookie", b"session=alice"), (b"X-Reason", b"busy")]
        subject = ForAll(lambda _: response(503, b"down", failed), config=TTL, shared=True)
        alice, bob = await asyncio.gather(subject.get(ALICE), subject.get(BOB))
        assert len(subject.calls) == 1
        assert (alice.status, bob.status, bob.body) == (503, 503, b"down")
        assert alice.headers["set-cookie"] == "session=alice"
        assert "set-cookie" not in bob.headers
        assert bob.headers["x-reason"] == "busy"
        subject.warmer.close()

    in_virtual_time(play())


@pytest.mark.parametrize(("vary", "calls"), [(b"X-Role", 2), (b"*", 2), (b"Accept", 1)])
def test_a_failure_is_for_those_who_asked_the_same(vary, calls):
    async def play():
        failed = [(b"Vary", vary)]
        subject = ForAll(lambda _: response(503, b"down", failed), config=TTL, shared=True)
        admin, guest = (b"X-Role", b"admin"), (b"X-Role", b"guest")
        await asyncio.gather(subject.get(admin), subject.get(guest))
        assert len(subject.calls) == calls
        subject.warmer.close()

    in_virtual_time(play())


@virtually
async def test_a_refusal_is_kept_where_it_is_for_one_credential_only():
    subject = world({ALICE[1]}, shared=False)
    await subject.get(ALICE)
    assert (await subject.get(ALICE)).source == "cache"
    assert (await subject.get(BOB)).status == 200
    subject.warmer.close()


@virtually
async def test_who_is_refused_does_not_drop_what_is_kept_for_all():
    subject = world({ALICE[1]}, config=Cache(ttl=60.0, negative=NEGATIVE))
    await subject.get(BOB)
    assert (await subject.get(ALICE, (b"Cache-Control", b"no-cache"))).status == 401
    again = await subject.get(BOB)
    assert (again.body, again.source) == (b"Bearer bob", "cache")
    subject.warmer.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refresh_that_is_refused_leaves_alone_what_is_kept(status):
    async def play():
        refused = set()
        subject = world(refused, status=status, config=LENIENT)
        await subject.get(ALICE)
        refused.add(ALICE[1])
        await asyncio.sleep(70)
        assert (await subject.get(ALICE)).body == b"Bearer alice"  # stale, and refreshed in vain
        await asyncio.sleep(1)
        assert tokens(subject) == [ALICE[1]] * 2
        assert kept(subject) == [200]
        assert (await subject.get(BOB)).body == b"Bearer alice"
        await asyncio.sleep(1)
        assert (await subject.get(ALICE)).body == b"Bearer bob"
        assert tokens(subject)[2:] == [BOB[1]]
        subject.warmer.close()

    in_virtual_time(play())


@virtually
async def test_a_refresh_has_the_credentials_of_the_one_who_used_it_last():
    subject = world()
    await subject.get(ALICE)
    await subject.get(ALICE)
    await asyncio.sleep(30)
    await subject.get(BOB)
    await asyncio.sleep(20)
    assert subject.stats.refreshed == {"warm": 1}
    assert tokens(subject) == [ALICE[1], BOB[1]]
    subject.warmer.close()


@virtually
async def test_a_refresh_that_is_refused_does_not_keep_others_from_sharing_a_call():
    subject = world({ALICE[1]}, config=TTL)
    await subject.get(ALICE)
    await asyncio.gather(subject.get(BOB), subject.get(BOB))
    assert tokens(subject) == [ALICE[1], BOB[1]]
    subject.warmer.close()
