"""A queued insert is done once, though its answer was lost and it is delivered again."""

import json

from tests.support.proxied import soon
from tests.support.raw import ask, call
from tests.support.sidecar import running_sidecar
from tests.support.steps import body, message, reset, send
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  rest:
    url: {url}
    retry: {{attempts: 2, base: 10ms, insert_key: id}}
    breaker: {{enabled: false}}
    queue: {{mode: always, schedule: {{base: 50ms}}}}
stores: {{spool: {{kind: sqlite, path: "{folder}/spool.db"}}}}
"""
INSERT = call("POST", "/rest/rest/v1/messages", content=b'{"body":"x"}')
DONE = message(b"", status=b"201 Created")
BUSY = message(b"{}", b"Retry-After: 0", status=b"503 Service Unavailable")


async def test_a_delivery_that_may_have_been_done_keeps_its_key(tmp_path):
    keys = []

    async def answer(connection, request):
        await body(connection, request)
        keys.append(json.loads(bytes(request.body))["id"])
        if len(keys) == 1:  # done, and its answer lost
            await reset(connection, request)
        else:
            await send(BUSY if len(keys) == 2 else DONE)(connection, request)

    async with (
        Upstream(choose=lambda _: (answer,)) as origin,
        running_sidecar(CONFIG.format(url=origin.url, folder=tmp_path)) as sidecar,
    ):
        assert (await ask(sidecar.proxy, INSERT)).status == 202
        await soon(lambda: len(keys) == 3)
    assert len(set(keys)) == 1
