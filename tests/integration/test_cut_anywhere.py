"""A response is cut at every byte, in every framing: it never looks complete."""

import pytest

from sidecar.config import ClientTls
from tests.support.proxied import proxied
from tests.support.raw import ask, get
from tests.support.steps import body, close, message, reset, send, wait

WHOLE = {
    "length": message(b"hello", b"X-A: b"),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
}
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nhalf"


async def abort(connection, _):
    """End the TCP connection without the end of the TLS one (no close_notify)."""
    connection.transport.abort()


def is_broken(answer):
    return answer.end in {"short", "reset"} or answer.status == 502


@pytest.mark.parametrize("ending", [close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
async def test_response_cut_at_any_byte_is_seen_as_broken(whole, ending):
    cuts = range(1, len(whole))

    def choose(request):
        if not request.target.startswith(b"/cut"):
            return (body, send(message(request.target)))
        return (body, send(whole[: int(request.target[4:])]), wait(0.005), ending)

    async with proxied(choose=choose) as (sidecar, origin):
        for cut in cuts:
            assert is_broken(await ask(sidecar.proxy, get(f"/api/cut{cut}"))), whole[:cut]
            assert (await ask(sidecar.proxy, get("/api/next"))).body == b"/next"
        assert len(origin.requests) == 2 * len(cuts)


@pytest.mark.parametrize(
    ("cut", "ending"),
    [
        (UNTIL_CLOSE, reset),
        (WHOLE["length"][:-1], abort),
        (WHOLE["length"][:-1], reset),
        (WHOLE["chunked"][:-20], abort),
        (WHOLE["chunked"][:-20], reset),
    ],
)
async def test_response_over_tls_that_is_cut_is_seen_as_broken(certs, cut, ending):
    script = (body, send(cut), wait(0.02), ending)
    tls = ClientTls(ca=str(certs.ca))
    async with proxied(script, server_tls=certs.server_context(), tls=tls) as (sidecar, _):
        assert is_broken(await ask(sidecar.proxy, get()))


async def test_body_until_the_end_of_tls_is_complete(certs):
    script = (body, send(UNTIL_CLOSE), close)
    tls = ClientTls(ca=str(certs.ca))
    async with proxied(script, server_tls=certs.server_context(), tls=tls) as (sidecar, _):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.body, answer.end) == (200, b"half", "framed")
