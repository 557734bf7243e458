"""What a write drops of lists whose rows were read, over real sockets."""

import asyncio
import json

from sidecar.config import Cache, Match, Retry, Route
from sidecar.config.tables import TableNames
from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.steps import body, reply, reset, send

CONVERSATIONS = "/api/rest/v1/conversations"
TABLES = TableNames(related={"messages.conversation_id": ("conversations.id",)})
KEPT = Cache(ttl=60.0, tags=("table",))


def rows(*found):
    text = json.dumps([{"id": n, "account_id": account} for n, account in found]).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return (body, send(head % len(text) + text))


def answers(request):
    """As a database with conversations 5 and 6 of two accounts."""
    target = request.target.decode()
    if request.method != b"GET":
        return reply(b"")
    return rows((5, 21)) if target.endswith(("account_id=eq.21", "?id=eq.5")) else rows((6, 22))


async def read(sidecar, query):
    answer = await ask(sidecar.proxy, get(f"{CONVERSATIONS}?{query}"))
    return b"hit" in b"".join(answer.values("cache-status"))


async def test_a_write_by_id_leaves_the_lists_of_others_alone():
    route = Route("rest", Match(path="/rest/v1/**"), cache=KEPT, invalidates=("table",))
    settings = {"cache": KEPT, "routes": (route,), "tables": TABLES}
    async with proxied(choose=answers, **settings) as (sidecar, _):
        patch = call("PATCH", f"{CONVERSATIONS}?id=eq.5", content=b'{"unread":0}')
        insert = call("POST", "/api/rest/v1/messages", content=b'{"conversation_id":5}')
        for change in (patch, insert, patch, insert):
            for query in ("account_id=eq.21", "account_id=eq.22", "id=eq.5"):
                await read(sidecar, query)
            assert (await ask(sidecar.proxy, change)).status == 200
        assert not await read(sidecar, "account_id=eq.21")
        assert not await read(sidecar, "id=eq.5")
        assert await read(sidecar, "account_id=eq.22")


async def test_a_row_that_is_read_while_it_moves_is_not_shown_where_it_was():
    accounts = {5: 21}

    async def answer(connection, request):
        target = request.target.decode()
        await body(connection, request)
        if b"account_id" in request.body:
            accounts[5] = 22
            await asyncio.sleep(0.2)  # done, and not answered yet
        found = [(5, accounts[5])] if accounts[5] == 21 or "id=eq.5" in target else []
        for step in rows(*found) if request.method == b"GET" else reply(b""):
            await step(connection, request)

    route = Route("rest", Match(path="/rest/v1/**"), cache=KEPT, invalidates=("table",))
    async with proxied(choose=lambda _: (answer,), routes=(route,)) as (sidecar, _):

        async def write(content):
            return await ask(
                sidecar.proxy, call("PATCH", f"{CONVERSATIONS}?id=eq.5", content=content)
            )

        for query in ("account_id=eq.21", "id=eq.5", "account_id=eq.21"):
            await read(sidecar, query)
            await write(b'{"unread":0}')
        await read(sidecar, "id=eq.5")
        await read(sidecar, "account_id=eq.21")
        moving = asyncio.create_task(write(b'{"account_id":22}'))
        await asyncio.sleep(0.1)
        await ask(sidecar.proxy, get(f"{CONVERSATIONS}?select=id,account_id&id=eq.5"))
        assert (await moving).status == 200
        there = await ask(sidecar.proxy, get(f"{CONVERSATIONS}?account_id=eq.21"))
        assert there.body == b"[]"


async def test_an_insert_with_a_key_is_made_again_after_a_lost_answer_and_done_once():
    done = {}

    def insert(request):
        key = json.loads(bytes(request.body))["id"] if request.body else None
        if key not in done:
            done[key] = 1
            return (body, reset)
        said = {"code": "23505", "details": f"Key (id)=({key}) already exists."}
        text = json.dumps(said).encode()
        head = b"HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n"
        return (body, send(head + b"Content-Length: %d\r\n\r\n" % len(text) + text))

    async def begin(connection, request):
        await body(connection, request)
        for step in insert(request):
            await step(connection, request)

    retry = Retry(base=0.01, insert_key="id")
    async with proxied(choose=lambda _: (begin,), retry=retry) as (sidecar, origin):
        made = call("POST", "/api/rest/v1/messages", content=b'{"body":"x"}')
        answer = await ask(sidecar.proxy, made)
        assert (answer.status, answer.body) == (201, b"")
        assert len(origin.requests) == 2
        assert list(done.values()) == [1]
