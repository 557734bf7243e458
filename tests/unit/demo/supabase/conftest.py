"""A running simulated project for each test: `call` sends one request and reads the answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from sidecar.demo.supabase import make_app

Call = Callable[..., Awaitable[aiohttp.ClientResponse]]


@pytest.fixture
def app(clock: Callable[[], float]) -> web.Application:
    return make_app(now=clock)


@pytest.fixture
async def call(app: web.Application) -> AsyncIterator[Call]:
    async with TestClient(TestServer(app), auto_decompress=False) as client:

        async def send(method: str, target: str, key: str = "demo", **more: Any) -> Any:
            headers = {"Accept-Encoding": "identity", "apikey": key, **more.pop("headers", {})}
            url = URL(str(client.make_url("/")).rstrip("/") + target, encoded=True)
            answer = await client.session.request(
                method, url, headers=headers, allow_redirects=False, **more
            )
            await answer.read()
            return answer

        yield send
