"""A sidecar whose disk is full: it refuses, delivers what it has accepted, and goes on."""

import asyncio
import json
from collections import Counter

from tests.support import steps
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.small_disk import small_disk
from tests.support.upstream import Upstream

CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  api:
    url: {url}
    timeouts: {{connect: 200ms}}
    breaker: {{open: 100ms, max_open: 200ms}}
    routes: [{{name: send, queue: {{mode: always, schedule: {{base: 100ms, cap: 200ms}}}}}}]
stores: {{spool: {{kind: sqlite, path: "{folder}/spool.db", max_size: 64MiB}}}}
"""
PADDING = "x" * 60_000


async def send(running, number):
    content = json.dumps({"number": number, "padding": PADDING}).encode()
    return await ask(running.proxy, call("POST", "/api/x", content=content))


async def all_delivered(running):
    waiting = get("/_sidecar/deliveries?state=queued,sending,unknown,failed&limit=1")
    async with asyncio.timeout(30):
        while json.loads((await ask(running.proxy, waiting)).body)["deliveries"]:
            await asyncio.sleep(0.1)


async def test_what_was_accepted_before_the_disk_was_full_is_delivered_once(tmp_path):
    disk = tmp_path / "disk"
    async with Upstream(steps.OK) as origin:
        url = origin.url
    with small_disk(disk, "20m") as change:
        async with running_sidecar(CONFIG.format(url=url, folder=disk)) as running:
            accepted = []
            for number in range(2000):
                answer = await send(running, number)
                if answer.status != 202:
                    break
                accepted.append(number)
            assert (answer.status, answer.error) == (503, "spool_full")
            assert len(accepted) > 50
            async with Upstream(steps.OK, port=origin.port) as back:
                await all_delivered(running)  # the disk is still full
                change("size=48m")
                async with asyncio.timeout(10):
                    while (await send(running, 5000)).status != 202:
                        await asyncio.sleep(0.1)
                await all_delivered(running)
                got = Counter(json.loads(bytes(each.body))["number"] for each in back.requests)
    assert got == Counter([*accepted, 5000])
