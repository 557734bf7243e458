"""The way to the benchmark's providers, over real sockets and TLS."""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bench.app.calls import headers_of
from bench.app.clock import Clock
from bench.app.doorway import Doorway
from bench.app.providers import CALL, Providers, network
from bench.app.run import certificate, free_ports
from bench.app.spec import spec

SCALE = 0.001
TARGET = "/rest/v1/conversations?select=*&id=eq.5"


@dataclass
class Here:
    providers: Providers
    client: aiohttp.ClientSession
    url: str
    open: Doorway
    server: web.Server

    async def get(self, call: str = "1") -> tuple[int, bytes]:
        headers = {**headers_of("supabase", "user-3", with_body=False), CALL: call}
        async with self.client.get(self.url + TARGET, headers=headers) as response:
            return response.status, await response.read()


@asynccontextmanager
async def provider(folder: Path, **faults: float) -> AsyncIterator[Here]:
    """The provider of tables, in calm weather; `faults` in place of the workload's."""
    known = spec()
    none = dict.fromkeys(("p_connect_fail", "p_reset", "p_500", "p_503", "p_hang"), 0.0)
    wanted = replace(known.workload.faults, **{**none, **faults})
    known = replace(known, workload=replace(known.workload, faults=wanted))
    calm = network(known, seed=1, scale=SCALE, chaos=False)
    clock = Clock(time.monotonic(), SCALE)
    pem = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    providers = Providers(known, calm, clock, 1, "https://media.test")
    server = providers.server("supabase")
    door = Doorway("rest", server, context, calm, clock, 1, providers.busy)
    (port,) = free_ports(1)
    task = asyncio.create_task(door.listen(port))
    await asyncio.sleep(0)
    trust = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=pem))
    try:
        async with aiohttp.ClientSession(connector=trust) as client:
            yield Here(providers, client, f"https://127.0.0.1:{port}", door, server)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await server.shutdown(1)


async def test_an_answer_says_for_whom_it_is_and_what_was_asked(tmp_path):
    async with provider(tmp_path) as here:
        status, body = await here.get()
    row = json.loads(body)[0]
    assert (status, row["for"], row["asked"]) == (200, "user-3", TARGET)
    assert row["versions"] == {"conv:5": 0}


async def test_a_connection_that_fails_is_none_and_nothing_arrives(tmp_path):
    async with provider(tmp_path, p_connect_fail=1.0) as here:
        with pytest.raises(aiohttp.ClientConnectionError):
            await here.get()
        assert not here.providers.requests
        assert here.open.opened >= 1


async def test_a_503_of_a_table_says_that_nothing_was_done(tmp_path):
    async with provider(tmp_path, p_503=1.0) as here:
        status, body = await here.get()
    assert (status, json.loads(body)["code"]) == (503, "PGRST002")


async def test_a_reset_breaks_the_connection(tmp_path):
    async with provider(tmp_path, p_reset=1.0) as here:
        with pytest.raises(aiohttp.ClientError):
            await here.get()
        assert sum(here.providers.requests.values()) >= 1


async def test_a_connection_that_was_ended_twice_already_is_left_alone(tmp_path):
    async with provider(tmp_path) as here:
        await here.get()
        (transport,) = [one.transport for one in here.server.connections]
        transport.close()
        transport.close()
        Doorway.reset(transport)
        assert transport.is_closing()


async def test_an_attempt_that_repeats_a_call_has_luck_of_its_own(tmp_path):
    async with provider(tmp_path, p_503=0.5) as here:
        once = [(await here.get("7"))[0] for _ in range(12)]
        other = [(await here.get(str(call)))[0] for call in range(100, 112)]
    assert set(once) == {200, 503}
    assert once != other


async def test_the_same_call_has_the_same_luck_with_every_contender(tmp_path):
    seen = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        async with provider(folder, p_503=0.5) as here:
            seen.append([(await here.get(str(call)))[0] for call in range(12)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 503}
