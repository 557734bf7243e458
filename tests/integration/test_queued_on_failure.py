"""A call that was queued because it could not be sent, and comes again with the same key."""

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
        queue: {{mode: on_failure, schedule: {{base: 100ms}}}}
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
        text = CONFIG.format(url=origin.url, spool=f"kind: {kind}, {place[kind]}")
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
