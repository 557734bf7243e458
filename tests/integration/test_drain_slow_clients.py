"""Shutting down while a client has yet to read the end of an answer that is written."""

import asyncio
import contextlib
import time

import pytest

from tests.support.proxied import proxied
from tests.support.raw import connected, get
from tests.support.steps import body, message, send

ANSWER = b"x" * 16_000_000  # more than the system keeps of it


@pytest.fixture(autouse=True)
def unbounded(monkeypatch):
    """So that much is left when an exchange has ended; else it is 64 KiB, and 512 over TLS."""
    monkeypatch.setattr("sidecar.serving.writing.Writing.is_full", False)


async def test_an_answer_that_is_written_is_sent_before_the_end():
    async with (
        proxied((body, send(message(ANSWER)))) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        await asyncio.sleep(0.5)
        drained = asyncio.ensure_future(sidecar.sidecar.drain())
        await asyncio.sleep(1.0)
        assert (await client.response()).body == ANSWER
        began = time.monotonic()
        await asyncio.wait_for(drained, 5)
        assert time.monotonic() - began < 2.0


async def test_a_client_that_does_not_read_delays_the_end_for_as_long_as_a_call_may():
    async with (
        proxied((body, send(message(ANSWER))), drain_timeout=1.0) as (sidecar, _),
        connected(sidecar.proxy) as client,
    ):
        await client.send(get())
        await asyncio.sleep(0.5)
        began = time.monotonic()
        await asyncio.wait_for(sidecar.sidecar.drain(), 5)
        assert 0.9 < time.monotonic() - began < 3.0
        with contextlib.suppress(asyncio.IncompleteReadError):
            assert len((await client.response()).body) < len(ANSWER)
