import asyncio

import pytest

from sidecar.core.allowance import Allowance
from sidecar.errors import AttemptTimeout

NEVER = Allowance(600.0, "idle_timeout")


async def test_an_unread_body_holds_the_upstream_back_until_it_is_read(line):
    line.start()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    line.subject.data_received(head + b"x" * 200_000)
    assert line.transport.reading
    line.subject.data_received(b"x" * 100_000)
    assert not line.transport.reading
    assert len(await line.subject.read(NEVER)) == 300_000
    assert line.transport.reading
    assert line.timeline.bytes_down == 300_000


async def test_an_upload_waits_for_the_upstream_and_goes_on_when_it_reads(line):
    line.start("POST")
    await line.subject.drain(NEVER)
    line.subject.pause_writing()
    line.transport.unsent = 100
    draining = asyncio.ensure_future(line.subject.drain(NEVER))
    await asyncio.sleep(0)
    assert not draining.done()
    line.subject.resume_writing()
    await draining


async def test_an_upload_that_the_upstream_does_not_read_is_a_send_timeout(line):
    line.start("POST")
    line.subject.pause_writing()
    line.transport.unsent = 100
    with pytest.raises(AttemptTimeout) as caught:
        await line.subject.drain(Allowance(0.0, "send_timeout"))
    assert caught.value.code == "send_timeout"
    assert line.transport.closing
