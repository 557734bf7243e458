"""Ten thousand exchanges leave memory, files, tasks and connections where they were."""

import asyncio
import gc
from dataclasses import dataclass

import pytest

from tests.support.process import open_files, resident
from tests.support.proxied import proxied
from tests.support.raw import ask, call, connected, get
from tests.support.steps import body, close, message, reply, send
from tests.support.wire import chunked

WARM_UP, ROUNDS, ROUND = 30, 50, 200
GROWTH = 10 * 2**20
"""Of memory, of which the allocator keeps what it likes: objects tell more."""
OBJECTS = 1000

SCRIPTS = {
    b"/small": reply(b"x" * 1024),
    b"/large": reply(b"x" * 100_000),
    b"/chunked": (
        body,
        send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"ab", b"cd")),
    ),
    b"/cut": (body, send(message(b"12345")[:-1]), close),
    b"/gone": (body, close),
    b"/bad": (body, send(b"HTTP/1.1 999 X\r\n\r\n")),
    b"/late": (body, send(message(b"ok") + message(b"EVIL"))),
}
CALLS = [
    *[get("/api/small")] * 8,
    call("HEAD", "/api/small"),
    call("POST", "/api/small", content=b"{}" * 500),
    call("POST", "/api/small", "Transfer-Encoding: chunked") + chunked(b"ab", b"cd"),
    get("/api/large"),
    get("/api/chunked"),
    get("/api/cut"),
    get("/api/gone"),
    get("/api/bad"),
    get("/api/late"),
    get("/nowhere"),
    get("/api/left"),
    call("POST", "/api/left", content=b"{}" * 500),
    get("/api/small?" + "q" * 5000),
]


@dataclass(frozen=True)
class Cost:
    memory: int
    objects: int
    files: int
    tasks: int


def measure():
    gc.collect()
    return Cost(resident(), len(gc.get_objects()), open_files(), len(asyncio.all_tasks()))


async def leave(address, data):
    async with connected(address) as client:
        await client.send(data.replace(b"/left", b"/small"))
        client.leave()


async def one_round(sidecar, origin):
    limit = asyncio.Semaphore(8)

    async def one(data):
        async with limit:
            await (leave(sidecar.proxy, data) if b"/left" in data else ask(sidecar.proxy, data))

    await asyncio.gather(*(one(CALLS[number % len(CALLS)]) for number in range(ROUND)))
    origin.forget()


@pytest.mark.timeout(180)
async def test_ten_thousand_exchanges_leave_nothing_behind():
    def choose(request):
        return SCRIPTS[request.target.partition(b"?")[0]]

    async with proxied(choose=choose, keep=False) as (sidecar, origin):
        for _ in range(WARM_UP):
            await one_round(sidecar, origin)
        await asyncio.sleep(0.3)
        before = measure()
        for _ in range(ROUNDS):
            await one_round(sidecar, origin)
        await asyncio.sleep(0.3)
        after = measure()
        assert after.memory - before.memory < GROWTH
        assert after.objects - before.objects < OBJECTS
        assert after.files <= before.files + 10
        assert after.tasks <= before.tasks + 10
        assert origin.open_connections <= 16
