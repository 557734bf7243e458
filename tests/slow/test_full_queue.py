"""A hundred thousand deliveries that wait take disk and no memory, and are made when it is time."""

import asyncio
import gc
import json
import time

import pytest

from sidecar.config.spool import SqliteSpool
from sidecar.spool import Added
from sidecar.spool.opening import make_spool
from tests.support import steps
from tests.support.process import PeakMemory
from tests.support.raw import ask, get
from tests.support.sidecar import running_sidecar
from tests.support.spools import delivery
from tests.support.upstream import Upstream

MANY, AT_A_TIME = 100_000, 2000
GROWTH = 24 * 2**20
CONFIG = """
listen: {{proxy: "127.0.0.1:0", ops: "127.0.0.1:0", admin: null}}
log: {{level: error}}
upstreams:
  whatsapp:
    url: {url}
    pool: {{max_connections: 40}}
    timeouts: {{connect: 200ms}}
    routes: [{{name: send, queue: {{mode: always, schedule: {{base: 500ms}}}}}}]
stores: {{spool: {{kind: sqlite, path: "{path}"}}}}
"""


async def fill(path, now):
    spool = make_spool(SqliteSpool(path=path))
    await spool.open()
    for _ in range(MANY // AT_A_TIME):
        each = [
            delivery(now, lane=f"lane{number % 500}", body=b"x" * 500, expires_at=now + 1e6)
            for number in range(AT_A_TIME)
        ]
        added = await asyncio.gather(*map(spool.add, each))
        assert all(isinstance(one, Added) for one in added)
    await spool.close()


async def figure(running, name):
    page = (await ask(running.bound["ops"], get("/metrics"))).body.decode()
    lines = [line for line in page.splitlines() if line.startswith(f"{name} ")]
    return int(float(lines[0].rpartition(" ")[2])) if lines else 0


@pytest.mark.timeout(900)
async def test_what_waits_costs_no_memory_and_all_of_it_is_delivered(tmp_path):
    path = str(tmp_path / "spool.db")
    await fill(path, time.time())
    async with Upstream(steps.OK) as origin:
        url = origin.url
    gc.collect()
    labels = 'outcome="delivered",route="send",upstream="whatsapp"'
    outcomes = f"sidecar_queue_outcomes_total{{{labels}}}"
    async with running_sidecar(CONFIG.format(url=url, path=path)) as running:
        async with PeakMemory() as peak:
            await asyncio.sleep(5.0)  # nobody is there
            async with Upstream(steps.OK, port=origin.port, keep=False) as back:
                began, got = time.monotonic(), 0
                while await figure(running, outcomes) < MANY:
                    await asyncio.sleep(0.2)
                    got += len(back.requests)
                    back.forget()
                took = time.monotonic() - began
                got += len(back.requests)
        page = await ask(running.proxy, get("/_sidecar/deliveries?state=delivered&limit=1000"))
        assert len(json.loads(page.body)["deliveries"]) == 1000
    print(f"{MANY / took:.0f} a second; {peak.growth / 2**20:.1f} MiB more at the most")
    assert got in (0, MANY), "each once"
    assert peak.growth < GROWTH
