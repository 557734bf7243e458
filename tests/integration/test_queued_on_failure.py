"""Calls that are queued where they cannot be sent: with the same key again, with a dead spool."""

import asyncio

import pytest

from tests.support import steps
from tests.support.queued import Application
from tests.support.redis import redis_server
from tests.support.sidecar import running_sidecar
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: "127.0.0.1:0"}}
log: {{level: error}}
upstreams:
  api:
    url: {url}
    timeouts: {{connect: 300ms, first_byte: 300ms, total: 600ms}}
    retry: {{attempts: 1}}
    breaker: {{enabled: false}}
    routes:
      - name: send
        match: {{methods: [POST], path: "/send/**"}}
        queue: {{mode: {mode}, order: $.to, schedule: {{base: 100ms}}}}
stores: {{spool: {{{spool}}}}}
"""
OK = steps.reply(b'{"id":"wamid.1"}', b"Content-Type: application/json")
BODY, KEY = b'{"to":"49"}', "Idempotency-Key: k"


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_after_a_restart_it_is_not_made_beside_its_delivery(kind, tmp_path):
    async with Upstream(OK) as origin:
        pass
    async with redis_server(tmp_path) as server:
        place = {"sqlite": f'path: "{tmp_path}/spool.db"', "redis": f'url: "{server.url}"'}
        text = CONFIG.format(
            url=origin.url, mode="on_failure", spool=f"kind: {kind}, {place[kind]}"
        )
        async with running_sidecar(text) as running:
            name = await Application(running).accepted(BODY, KEY)
        async with Upstream(OK, port=origin.port) as back, running_sidecar(text) as running:
            subject = Application(running)
            again = await asyncio.gather(*(subject.accepted(BODY, KEY) for _ in range(3)))
            assert again == [name] * 3
            assert (await subject.ends(name))["state"] == "delivered"
            assert await subject.accepted(BODY, KEY) == name
            assert len(back.requests) == 1
            assert (await subject.send(BODY, "Idempotency-Key: other")).status == 200


@pytest.mark.parametrize(
    ("mode", "within", "error"),
    [("on_failure", 0.6, "total_timeout"), ("always", 1.0, "spool_unavailable")],
)
async def test_a_silent_server_holds_no_call_beyond_its_deadline(mode, within, error, tmp_path):
    """But for a second that a spool has in any case."""
    async with Upstream(OK) as origin, redis_server(tmp_path) as server:
        text = CONFIG.format(url=origin.url, mode=mode, spool=f'kind: redis, url: "{server.url}"')
        async with running_sidecar(text) as running:
            subject, loop = Application(running), asyncio.get_running_loop()
            assert (await subject.send(BODY)).status in (200, 202)
            server.freeze()
            await asyncio.sleep(1.0)  # until then it is taken for true that nothing waits
            began = loop.time()
            answers = await asyncio.gather(*(subject.send(BODY, KEY) for _ in range(3)))
            took = loop.time() - began
            server.thaw()
        assert {answer.error for answer in answers} == {error}
        assert within <= took < within + 1.0
