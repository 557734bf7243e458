"""What `stores.memory.max_size` says is about what is taken, also for short answers."""

import asyncio
import gc
import tracemalloc

import pytest

from sidecar.config import Cache, MemoryStore, Stores
from tests.support.builders import config, upstream
from tests.support.raw import ask, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import reply
from tests.support.upstream import Upstream

SIZE = 16 << 20
FIELDS = (
    b"Server: nginx/1.22.1",
    b"Date: Thu, 26 Nov 2026 11:15:18 GMT",
    b"Content-Type: application/json",
    b"Last-Modified: Thu, 26 Nov 2026 11:15:15 GMT",
    b'ETag: "65634f93-400"',
    b"Content-Range: 0-19/*",
)
WHO = ("Authorization: Bearer " + "t" * 240, "apikey: " + "k" * 120)


async def read(sidecar, origin, first, count):
    limit = asyncio.Semaphore(8)

    async def one(number):
        path = f"/api/rest/v1/messages?select=id,body&conversation_id=eq.{number}&limit=20"
        async with limit:
            await ask(sidecar.proxy, get(path, *WHO))

    for at in range(first, first + count, 200):
        await asyncio.gather(*map(one, range(at, at + 200)))
        origin.forget()
    gc.collect()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("length", "count"), [(300, 8000), (3000, 4000), (50_000, 600)])
async def test_a_full_memory_is_about_as_large_as_it_may_be(length, count):
    async with Upstream(choose=lambda _: reply(b"x" * length, *FIELDS)) as origin:
        kept = Cache(ttl=600.0, refresh_ahead=False)
        whole = config(
            upstreams={"api": upstream(origin.url, cache=kept)},
            stores=Stores(memory=MemoryStore(max_size=SIZE)),
        )
        async with running_sidecar(whole) as sidecar:
            await read(sidecar, origin, 0, 200)
            tracemalloc.start()
            try:
                await read(sidecar, origin, 200, count)
                taken, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert 0.8 * SIZE < taken < 1.2 * SIZE
