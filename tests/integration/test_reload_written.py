"""What was stored before a reload is still dropped by the writes that come after it."""

import asyncio
import json
from itertools import count

from tests.support.raw import ask, call, get
from tests.support.reloaded import HEAD, from_file
from tests.support.steps import body, reply, wait
from tests.support.upstream import Upstream

READ = get("/api/rest/v1/items?id=eq.1", "Authorization: Bearer me")
WRITE = call(
    "PATCH",
    "/api/rest/v1/items?id=eq.1",
    "Content-Type: application/json",
    content=b'{"name": "new"}',
)


ROUTES = """
    routes:
      - name: rows
        match: {path: /rest/v1/**}
        cache: {ttl: 1h, tags: table}
        invalidates: [table]
"""


def text(url, more=""):
    return f"{HEAD}upstreams:\n  api:\n    url: {url}\n{more}{ROUTES}"


async def versions(path, more):
    numbers = count(1)
    origin = Upstream(choose=lambda _: reply(json.dumps(next(numbers)).encode()))
    async with origin, from_file(path / "sidecar.yaml", text(origin.url)) as subject:
        address = subject.running.proxy
        before = [(await ask(address, READ)).body for _ in range(2)]
        assert (await subject.reload(text(origin.url, more))).ok
        kept = (await ask(address, READ)).body
        assert (await ask(address, WRITE)).status == 200
        return before, kept, (await ask(address, READ)).body


async def test_a_write_after_a_reload_drops_the_row_that_was_read_before_it(tmp_path):
    before, kept, after = await versions(tmp_path, "    retry: {attempts: 2}\n")
    assert (before, kept) == ([b"1", b"1"], b"1")
    assert after == b"3"


async def test_with_other_relations_of_tables_nothing_is_kept(tmp_path):
    """By them a write may change what, as it was stored, it does not."""
    more = "    tables: {related: {items: [items, others]}}\n"
    _, kept, after = await versions(tmp_path, more)
    assert kept == b"2"
    assert after == b"4"


async def test_a_write_from_before_a_reload_drops_what_was_read_after_it(tmp_path):
    """By other relations of tables, rows are told apart anew: what is stored since is not known."""
    numbers = count(1)

    def answers(request):
        if request.method == b"PATCH":
            return (body, wait(0.5), *reply(b"")[1:])
        return reply(json.dumps(next(numbers)).encode())

    more = "    tables: {related: {others: [more]}}\n"
    origin = Upstream(choose=answers)
    async with origin, from_file(tmp_path / "sidecar.yaml", text(origin.url)) as subject:
        address = subject.running.proxy
        write = asyncio.create_task(ask(address, WRITE))
        while not origin.requests:
            await asyncio.sleep(0.01)
        assert (await subject.reload(text(origin.url, more))).ok
        assert [(await ask(address, READ)).body for _ in range(2)] == [b"1", b"1"]
        assert (await write).status == 200
        assert [(await ask(address, READ)).body for _ in range(2)] == [b"2", b"2"]
        again = call("PATCH", "/api/rest/v1/items?id=eq.2", content=b'{"name": "new"}')
        assert (await ask(address, again)).status == 200
        assert (await ask(address, READ)).body == b"2", "a write from after it drops no more"
