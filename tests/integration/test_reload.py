"""Another configuration, while the sidecar serves: what goes on, what is kept, what is refused."""

import asyncio

import pytest

from tests.support.proxied import soon
from tests.support.raw import ask, call, connected, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import OK, body, message, reply, send, trickle, wait
from tests.support.upstream import Upstream
from tests.support.websocket import WebSocketUpstream, echo, opened, switching
from tests.support.websocket_frames import TEXT, Frame


def written(url, more="", head=HEAD, name="api"):
    return f"{head}upstreams:\n  {name}:\n    url: {url}\n    retry: {{attempts: 1}}\n{more}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sidecar.yaml"


async def test_a_call_under_way_gets_its_answer_from_where_it_was_sent(file):
    slow = (body, wait(0.4), send(message(b"old")))
    async with (
        Upstream(slow) as old,
        Upstream(reply(b"new")) as new,
        from_file(file, written(old.url)) as subject,
    ):
        asked = asyncio.ensure_future(ask(subject.running.proxy, get()))
        await soon(lambda: len(old.requests) == 1)
        outcome = await subject.reload(written(new.url))
        assert (outcome.ok, len(outcome.changes)) == (True, 1)
        assert (await ask(subject.running.proxy, get())).body == b"new"
        assert not asked.done()
        assert (await asked).body == b"old"
        await soon(lambda: old.open_connections == 0)  # it is not kept for nobody
        assert new.open_connections == 1


async def test_a_write_that_its_client_left_ends_at_the_old_upstream(file):
    slow = (body, wait(0.3), send(message(b"old")))
    async with (
        Upstream(slow) as old,
        Upstream(OK) as new,
        from_file(file, written(old.url)) as subject,
    ):
        async with connected(subject.running.proxy) as client:
            await client.send(call("POST", "/api/x", content=b"data"))
            await soon(lambda: len(old.requests) == 1)
        await subject.reload(written(new.url))
        assert len(subject.sidecar._past) == 1
        assert subject.sidecar._listener.busy
        await soon(lambda: not subject.sidecar._listener.busy)
        subject.sidecar._past.forget()
        assert len(subject.sidecar._past) == 0
        assert len(old.requests) == 1


async def test_a_long_answer_goes_on(file):
    stream = (body, trickle(message(b"x" * 200), every=0.005, size=2))
    async with (
        Upstream(stream) as old,
        Upstream(OK) as new,
        from_file(file, written(old.url)) as subject,
    ):
        asked = asyncio.ensure_future(ask(subject.running.proxy, get()))
        await soon(lambda: old.connections and old.connections[0].bytes_sent > 40)
        await subject.reload(written(new.url))
        assert (await asked).body == b"x" * 200


async def test_an_open_websocket_goes_on_and_still_counts(file):
    more = "    websocket: {max_open: %d}\n"
    async with (
        WebSocketUpstream(echo, switching).running() as origin,
        Upstream(OK) as new,
        from_file(file, written(origin.url, more % 2)) as subject,
        opened(subject.running.proxy) as client,
    ):
        await subject.reload(written(new.url, more % 1))
        await client.send(TEXT, b"still here")
        assert await client.receive() == Frame(TEXT, b"still here")
        places = subject.sidecar._parts.tunnelling._places["api"]
        assert (places.taken, places.most) == (1, 1)


@pytest.mark.parametrize("more", ["    timeouts: {total: 9s}\n", "    limit: {inflight: 9}\n", ""])
async def test_connections_are_kept_when_something_else_changes(file, more):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        await ask(subject.running.proxy, get())
        outcome = await subject.reload(written(origin.url, more))
        assert len(outcome.changes) == bool(more)
        await ask(subject.running.proxy, get())
        assert len(origin.connections) == 1


@pytest.mark.parametrize("more", ["    pool: {max_connections: 7}\n", "    dns: {ttl: 1s}\n"])
async def test_a_pool_is_made_anew_when_it_is_another_and_its_totals_go_on(file, more):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        await ask(subject.running.proxy, get())
        await subject.reload(written(origin.url, more))
        await ask(subject.running.proxy, get())
        assert len(origin.connections) == 2
        await soon(lambda: origin.open_connections == 1)
        dials = await subject.metric("sidecar_pool_dials_total")
        assert dials == {'{upstream="api"}': 2.0}


async def test_an_open_breaker_stays_open_and_what_is_forced_stays_forced(file):
    more = "    breaker: {key: upstream, hold: 0s%s}\n"
    async with Upstream(OK) as origin, from_file(file, written(origin.url, more % "")) as subject:
        now = subject.sidecar._clock.now
        subject.sidecar._parts.breakers.force("api", "open", 60.0, "by hand", now())
        for change in ("", ", open: 9s"):  # the same breakers; others
            await subject.reload(written(origin.url, more % change + "    timeouts: {total: 9s}\n"))
            assert (await ask(subject.running.proxy, get())).error == "breaker_open"
            (found,) = subject.sidecar._parts.breakers.snapshots(now())
            assert found["forced"]["reason"] == "by hand"
            assert 50 < found["forced"]["seconds_left"] <= 60
        assert not origin.requests


async def test_a_breaker_that_a_broken_server_opened_is_new_for_another_server(file):
    more = "    breaker: {hold: 0s, open: 20s, max_open: 60s}\n"
    async with (
        Upstream(reply(b"no", status=b"503 No")) as old,
        Upstream(OK) as new,
        from_file(file, written(old.url, more)) as subject,
    ):
        for _ in range(40):
            await ask(subject.running.proxy, get())
        assert (await ask(subject.running.proxy, get())).error == "breaker_open"
        await subject.reload(written(old.url, more + "    timeouts: {total: 9s}\n"))
        assert (await ask(subject.running.proxy, get())).error == "breaker_open"
        await subject.reload(written(new.url, more))
        assert (await ask(subject.running.proxy, get())).status == 200


async def test_what_is_stored_stays_but_not_for_another_server(file):
    more = "    cache: {ttl: 1m}\n"
    async with (
        Upstream(reply(b"old")) as old,
        Upstream(reply(b"new")) as new,
        from_file(file, written(old.url, more)) as subject,
    ):
        await ask(subject.running.proxy, get())
        await subject.reload(written(old.url, more + "    timeouts: {total: 9s}\n"))
        assert (await ask(subject.running.proxy, get())).body == b"old"
        assert len(old.requests) == 1
        await subject.reload(written(new.url, more))
        assert (await ask(subject.running.proxy, get())).body == b"new"


async def test_a_key_is_known_whatever_changes_in_the_ledger(file):
    async with Upstream(OK) as origin:
        more = "    ledger: {keep: 1h}\n"
        async with from_file(file, written(origin.url, more)) as subject:
            request = call("POST", "/api/x", "Idempotency-Key: k1", content=b"{}")
            await ask(subject.running.proxy, request)
            await subject.reload(written(origin.url, "    ledger: {keep: 2h, max_size: 1MiB}\n"))
            again = await ask(subject.running.proxy, request)
            assert (again.status, len(origin.requests)) == (200, 1)


async def test_counters_never_go_back_also_of_an_upstream_that_comes_again(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        await ask(subject.running.proxy, get())
        await subject.reload(written(origin.url, name="other"))
        assert (await ask(subject.running.proxy, get())).error == "no_upstream"
        await subject.reload(written(origin.url))
        await ask(subject.running.proxy, get())
        exchanges = await subject.metric("sidecar_exchanges_total")
        assert sum(count for labels, count in exchanges.items() if '"api"' in labels) == 2
        usage = await subject.metric("sidecar_pool_dials_total")
        assert usage['{upstream="api"}'] == 2


BAD = "upstreams:\n  api:\n    url: http://x.test\n    timeout: 5s\n"


async def test_a_bad_file_leaves_all_as_it_is_and_says_where(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        before = await subject.metric("sidecar_config_last_reload_success_timestamp_seconds")
        outcome = await subject.reload(BAD)
        assert not outcome.ok
        assert outcome.errors[0].startswith(f"{file}:4:5: error: ")
        assert (await ask(subject.running.proxy, get())).status == 200
        assert await subject.metric("sidecar_config_last_reload_successful") == {"": 0.0}
        after = await subject.metric("sidecar_config_last_reload_success_timestamp_seconds")
        assert after == before
        assert (await subject.reload(written(origin.url))).ok
        assert await subject.metric("sidecar_config_last_reload_successful") == {"": 1.0}
        assert await subject.metric("sidecar_config_reloads_total") == {
            '{result="success"}': 1.0,
            '{result="failure"}': 1.0,
        }


async def test_what_needs_a_restart_is_refused_and_nothing_else_is_taken(file):
    async with Upstream(OK) as origin, from_file(file, written(origin.url)) as subject:
        more = "    timeouts: {total: 9s}\nloop: asyncio\n"
        outcome = await subject.reload(written(origin.url, more))
        (error,) = outcome.errors
        assert error.startswith(f"{file}:8:7: error: ~ loop: auto → asyncio")
        assert "restart" in error
        assert "total" in str(outcome.changes) or not outcome.changes
        assert subject.sidecar.reloading.config.upstreams["api"].timeouts.total != 9
