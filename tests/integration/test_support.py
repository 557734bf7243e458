"""The scripted upstream and the raw client can be trusted: each end of a message is told apart."""

import pytest

from sidecar.config import Address
from tests.support import steps
from tests.support.raw import ask, call, connected, get
from tests.support.upstream import Upstream
from tests.support.wire import chunked


def address(upstream):
    return Address(host="127.0.0.1", port=upstream.port)


@pytest.mark.parametrize(
    ("script", "end", "body"),
    [
        (steps.reply(b"hello"), "framed", b"hello"),
        ((steps.send(steps.message(b"hello")[:-1]), steps.close), "short", b"hell"),
        ((steps.send(steps.message(b"hello")[:-1]), steps.reset), "reset", b"hell"),
        ((steps.send(steps.message(b"hi", framed=False)), steps.close), "eof", b"hi"),
    ],
)
async def test_raw_client_tells_how_a_message_ended(script, end, body):
    async with Upstream(script) as upstream:
        answer = await ask(address(upstream), get("/x"))
    assert (answer.end, answer.body) == (end, body)


async def test_upstream_records_requests_of_each_framing(certs):
    chunks = call("PUT", "/b", "Transfer-Encoding: chunked") + chunked(b"ab", b"c")
    async with (
        Upstream(steps.OK, tls=certs.server_context()) as upstream,
        connected(address(upstream), tls=certs.client_context()) as client,
    ):
        for data in (call("POST", "/a", content=b"abc"), chunks, get("/c")):
            await client.send(data)
            assert (await client.response()).body == b"ok"
        assert [(r.method, r.target, bytes(r.body)) for r in upstream.requests] == [
            (b"POST", b"/a", b"abc"),
            (b"PUT", b"/b", b"abc"),
            (b"GET", b"/c", b""),
        ]
        assert len(upstream.connections) == 1
