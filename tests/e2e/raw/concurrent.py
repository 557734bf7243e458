"""aiohttp: every case on a few connections at once, and events as they arrive."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from yarl import URL

from tests.e2e.raw.cases import CASES, EVENTS, SPREAD, Case, answered, pieces

Seen = dict[str, Any]


def with_aiohttp(base_url: str) -> list[Seen]:
    """The transcript of aiohttp."""
    return asyncio.run(_all(base_url))


async def _all(base_url: str) -> list[Seen]:
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=jar) as session:
        answers = await asyncio.gather(*(_send(session, base_url, case) for case in CASES))
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        events = await asyncio.gather(
            *(_listen(session, base_url + target) for target in EVENTS.values())
        )
    names = [*(case.name for case in CASES), *EVENTS]
    seen = zip(names, [*answers, *events], strict=True)
    return [{"check": name, "answer": answer} for name, answer in seen]


async def _send(session: aiohttp.ClientSession, base_url: str, case: Case) -> Seen:
    body = case.body or b""
    async with session.request(
        case.method,
        URL(base_url + case.target, encoded=True),
        headers=case.headers,
        data=_pieces(body) if case.chunked else io.BytesIO(body) if case.body is not None else None,
        allow_redirects=False,
        expect100=case.name.startswith("upload: 20 MB"),
    ) as answer:
        fields = [(name.decode(), value.decode("latin-1")) for name, value in answer.raw_headers]
        return answered(case, answer.status, fields, await answer.read())


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for piece in pieces(body):
        yield piece


async def _listen(session: aiohttp.ClientSession, url: str) -> Seen:
    times, text = [], ""
    async with session.get(url) as answer:
        async for chunk in answer.content.iter_any():
            times.append(time.monotonic())
            text += chunk.decode()
    return {"text": text, "flowed": times[-1] - times[0] >= SPREAD}
