"""Deliveries go on over a reload: what was accepted before goes where its route leads now."""

import asyncio
import json

import pytest

from tests.support.proxied import soon
from tests.support.raw import ask, call, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import reply
from tests.support.upstream import Upstream

BUSY = reply(b"{}", status=b"429 Too Many Requests")
OK = reply(b'{"id":"1"}', b"Content-Type: application/json")


def written(folder, url, *routes):
    text = f"{HEAD}stores: {{spool: {{kind: sqlite, path: {folder}/spool.db}}}}\n"
    text += f"upstreams:\n  api:\n    url: {url}\n    retry: {{attempts: 1}}\n"
    text += "    breaker: {enabled: false}\n    routes:\n"
    for name in routes:
        text += f"      - name: {name}\n        match: {{methods: [POST], path: /{name}}}\n"
        text += "        queue: {mode: always, schedule: {base: 100ms}}\n"
    return text


@pytest.fixture
def file(tmp_path):
    return tmp_path / "sidecar.yaml"


async def accepted(subject, path):
    answer = await ask(subject.running.proxy, call("POST", path, content=b"{}"))
    assert answer.status == 202, answer
    return answer.value("x-sidecar-delivery")


async def state(subject, name):
    answer = await ask(subject.running.proxy, get(f"/_sidecar/deliveries/{name}"))
    return json.loads(answer.body)["state"]


async def delivered(subject, name):
    async with asyncio.timeout(10):
        while await state(subject, name) != "delivered":
            await asyncio.sleep(0.05)


async def test_what_waits_is_delivered_to_where_the_upstream_is_now(file, tmp_path):
    async with (
        Upstream(BUSY) as old,
        Upstream(OK) as new,
        from_file(file, written(tmp_path, old.url, "send")) as subject,
    ):
        name = await accepted(subject, "/api/send")
        await soon(lambda: bool(old.requests))
        outcome = await subject.reload(written(tmp_path, new.url, "send"))
        assert outcome.ok
        await delivered(subject, name)
        assert len(new.requests) == 1


async def test_a_route_that_goes_keeps_its_deliveries_until_it_comes_again(file, tmp_path):
    async with (
        Upstream(BUSY) as old,
        Upstream(OK) as new,
        from_file(file, written(tmp_path, old.url, "send", "more")) as subject,
    ):
        name = await accepted(subject, "/api/send")
        await subject.reload(written(tmp_path, old.url, "more"))
        other = await accepted(subject, "/api/more")
        assert await state(subject, name) != "failed"
        await subject.reload(written(tmp_path, new.url, "send", "more"))
        await delivered(subject, name)
        await delivered(subject, other)


async def test_a_spool_is_not_moved_by_a_reload(file, tmp_path):
    async with (
        Upstream(OK) as origin,
        from_file(file, written(tmp_path, origin.url, "send")) as subject,
    ):
        outcome = await subject.reload(written(tmp_path / "other", origin.url, "send"))
        assert "needs a restart" in outcome.errors[0]
        await delivered(subject, await accepted(subject, "/api/send"))
