"""Many reloads under load: no call fails, and nothing grows."""

import asyncio
import gc

import pytest

from tests.support.process import open_files, resident
from tests.support.proxied import soon
from tests.support.raw import connected, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import OK
from tests.support.upstream import Upstream

RELOADS = 200
WARM_UP = 40
MOST_GROWTH = 12 * 1024 * 1024


def written(url, number):
    """Each has other timeouts; every fifth another pool, limit, route and breaker."""
    turn = number // 5
    return f"""{HEAD}reload: {{watch: false}}
upstreams:
  api:
    url: {url}
    retry: {{attempts: 1}}
    timeouts: {{total: {20 + number % 7}s}}
    pool: {{max_connections: {50 + turn % 9}}}
    limit: {{inflight: {60 + turn % 9}}}
    breaker: {{open: {5 + turn % 9}s}}
    cache: {{ttl: {1 + turn % 3}ms}}
    routes: [{{name: r{turn % 4}, match: {{path: "/r/**"}}, hedge: {{enabled: true}}}}]
"""


async def client(subject, counted, stop):
    """Calls on one connection, and a new connection now and then."""
    while not stop.is_set():
        async with connected(subject.running.proxy) as line:
            for _ in range(50):
                await line.send(get("/api/r/x"))
                answer = await line.response()
                counted[answer.status] = counted.get(answer.status, 0) + 1
                if stop.is_set():
                    break


@pytest.mark.timeout(120)
async def test_two_hundred_reloads_under_load_fail_no_call_and_leave_nothing(tmp_path):
    counted, stop = {}, asyncio.Event()
    async with Upstream(OK, keep=False) as origin:
        file = tmp_path / "sidecar.yaml"
        async with from_file(file, written(origin.url, 0)) as subject:
            clients = [asyncio.ensure_future(client(subject, counted, stop)) for _ in range(8)]
            before = None
            for number in range(RELOADS):
                outcome = await subject.reload(written(origin.url, number + 1))
                assert outcome.ok, outcome.errors
                origin.forget()
                if number == WARM_UP:
                    gc.collect()
                    before = open_files(), len(asyncio.all_tasks()), resident()
            stop.set()
            await asyncio.gather(*clients)
            assert counted.keys() == {200}
            assert counted[200] > RELOADS
            gc.collect()
            files, tasks, memory = before
            subject.sidecar._past.forget()
            await soon(lambda: len(asyncio.all_tasks()) <= tasks)
            assert open_files() <= files + 4
            assert resident() - memory < MOST_GROWTH
            assert len(subject.sidecar._past) == 0
            assert subject.sidecar.reloading.generation == RELOADS + 1
