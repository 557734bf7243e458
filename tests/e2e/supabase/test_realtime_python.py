"""Realtime with supabase-py: channels are joined and heard through the sidecar as without it."""

import asyncio

import pytest

pytest.importorskip("supabase", reason="install the `sdk` extra")

import supabase

from sidecar.demo.supabase import ANON_KEY
from tests.e2e.supabase.project import make
from tests.e2e.ways import WAYS, reached

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


async def converse(base_url):
    """What one client hears of another's broadcasts."""
    heard: asyncio.Queue = asyncio.Queue()
    joined = asyncio.Event()
    speaker = await supabase.acreate_client(base_url, ANON_KEY)
    listener = await supabase.acreate_client(base_url, ANON_KEY)
    room = listener.channel("room")
    room.on_broadcast("said", lambda message: heard.put_nowait(message["payload"]))
    await room.subscribe(lambda status, _error: joined.set())
    mouth = speaker.channel("room")
    ready = asyncio.Event()
    await mouth.subscribe(lambda status, _error: ready.set())
    async with asyncio.timeout(10):
        await joined.wait()
        await ready.wait()
        await mouth.send_broadcast("said", {"text": "grüß dich"})
        await mouth.send_broadcast("said", {"text": "x" * 1_000_000})
        got = [await heard.get(), await heard.get()]
    for client in (speaker, listener):
        await client.remove_all_channels()
        await client.realtime.close()
    return got


@pytest.mark.parametrize("way", WAYS)
async def test_a_broadcast_is_heard(way):
    with reached(way, "supabase", make) as base_url:
        heard = await converse(base_url)
    assert [each["text"] for each in heard] == ["grüß dich", "x" * 1_000_000]
