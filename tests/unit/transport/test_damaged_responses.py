"""Responses that only resemble HTTP/1.1, or that hide bytes where a reader may not look."""

import asyncio

import pytest

from sidecar.core.allowance import Allowance
from sidecar.errors import BadResponse
from tests.support.responses import reader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 104 X\r\nContent-Length: 5\r\n\r\nEVIL!" + OK,
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"ICE/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\nContent-Length: 1\r\n\r\nx",
    ],
    ids=["interim body", "coding in 1.0", "rtsp", "ice", "blank line", "large head with a body"],
)
def test_what_only_resembles_a_response_is_refused(data):
    with pytest.raises(BadResponse):
        reader(data)


def test_blanks_behind_a_length_are_no_part_of_it():
    assert reader(b"HTTP/1.1 200 OK\r\nContent-Length: 2 \t\r\n\r\nok").complete


def test_blanks_behind_a_coding_are_refused_because_the_parser_takes_it_for_another():
    with pytest.raises(BadResponse):
        reader(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n2\r\nok\r\n0\r\n\r\n")


async def test_a_204_with_a_body_is_a_bad_response_for_who_waits(line):
    line.start()
    waiting = asyncio.ensure_future(line.subject.read_head())
    await asyncio.sleep(0)
    line.subject.data_received(b"HTTP/1.1 204 No Content\r\n\r\nbody")
    with pytest.raises(BadResponse):
        await waiting


async def test_a_connection_is_not_kept_with_its_reading_paused(line):
    line.start()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n"
    line.subject.data_received(head + b"x" * 400_000)
    assert not line.subject.finish()


async def test_bytes_of_the_upstream_do_not_end_an_upload(line):
    line.start("POST")
    line.subject.pause_writing()
    line.transport.unsent = 100
    draining = asyncio.ensure_future(line.subject.drain(Allowance(600.0, "send_timeout")))
    await asyncio.sleep(0)
    line.subject.data_received(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    for _ in range(3):
        await asyncio.sleep(0)
    assert not line.transport.closing
    line.subject.resume_writing()
    await draining
