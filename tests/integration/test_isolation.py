"""Nobody ever gets another call's answer, whatever the upstream does and however busy it is."""

import asyncio
import random

import pytest

from tests.support.proxied import proxied, soon
from tests.support.raw import ask, call, connected, get
from tests.support.steps import body, close, message, reset, send, wait
from tests.support.wire import chunked

CALLS = 300
AT_ONCE = 20
EVIL = message(b"EVIL")
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def behaviours(content):
    """Ways to answer with `content`: whole ones first, then those that break something."""
    whole = message(content)
    return [
        (body, send(whole)),
        (body, wait(0.002), send(whole)),
        (body, send(whole[:20]), wait(0.002), send(whole[20:])),
        (body, send(CHUNKED_HEAD + chunked(content[:3], content[3:]))),
        (body, send(whole), close),
        (body, send(message(content, b"Connection: close"))),
        (body, send(whole + EVIL)),
        (body, send(whole + b"\0garbage")),
        (body, send(whole), reset),
        (body, send(message(content, framed=False)), close),
        (body, close),
        (body, reset),
        (body, send(whole[:-2]), close),
        (body, send(b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL)),
        (body, send(whole[:30]), reset),
    ]


@pytest.mark.parametrize("connections", [3, 100])
@pytest.mark.parametrize("seed", [1, 2])
async def test_every_answer_belongs_to_its_call(connections, seed):
    chance = random.Random(seed)

    def choose(request):
        return chance.choice(behaviours(request.target))

    async def one(number, limit):
        async with limit:
            method = chance.choice(["GET", "POST", "PUT", "DELETE"])
            content = b"x" * chance.randrange(2000) if method in {"POST", "PUT"} else None
            data = call(method, f"/api/{number}", content=content)
            if chance.random() < 0.05:
                async with connected(sidecar.proxy) as client:
                    await client.send(data)
                    client.leave()
                return None
            return await ask(sidecar.proxy, data)

    settings = {"pool": {"max_connections": connections, "max_wait": 10.0}}
    async with proxied(choose=choose, **settings) as (sidecar, origin):
        limit = asyncio.Semaphore(AT_ONCE)
        answers = await asyncio.gather(*(one(number, limit) for number in range(CALLS)))
        await soon(lambda: origin.open_connections <= connections)
        good = 0
        for number, answer in enumerate(answers):
            if answer is None or answer.status in {204, 502}:
                continue
            good += 1
            target = b"/%d" % number
            assert answer.status == 200
            assert answer.body == target or (
                answer.end != "framed" and target.startswith(answer.body)
            )
        assert good > CALLS / 3
        assert (await ask(sidecar.proxy, get("/api/after"))).status in {200, 204, 502}
