"""A client that is refused while it still sends hears why, and not a reset."""

import asyncio
import socket
import threading

import pytest

from tests.support.proxied import proxied

LONG = b"X-Long: " + b"a" * 20_000 + b"\r\n"


def send_and_read(port, parts):
    """In a thread of its own: what came back, until the end."""
    with socket.create_connection(("127.0.0.1", port), 10.0) as client:
        sender = threading.Thread(target=client.sendall, args=(b"".join(parts),))
        sender.start()
        sender.join()
        came = b""
        while data := client.recv(65536):
            came += data
        return came


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([b"GET /api/x HTTP/1.1\r\nHost: x\r\n", *[LONG] * 200], b"head_too_large"),
        ([b"GET /" + b"x" * 4_000_000 + b" HTTP/1.1\r\n\r\n"], b"head_too_large"),
        ([b"nonsense\r\n\r\n", *[LONG] * 200], b"bad_request"),
    ],
    ids=["fields", "target", "nonsense"],
)
async def test_who_is_refused_while_sending_hears_why(parts, code):
    async with proxied() as (sidecar, _):
        came = await asyncio.to_thread(send_and_read, sidecar.proxy.port, parts)
    assert came.startswith(b"HTTP/1.1 400 ")
    assert b"X-Sidecar-Error: " + code in came
