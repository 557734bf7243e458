"""Which upstream a request reaches, by prefix, Host, own port, Unix socket and TLS."""

import socket

import pytest

from sidecar.config import Address, ServerTls
from tests.support.builders import LOOPBACK, config, upstream
from tests.support.ports import free_port
from tests.support.proxied import proxied
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, reply
from tests.support.upstream import Upstream


@pytest.mark.parametrize(
    ("target", "name", "seen"),
    [
        ("/first/x", b"first", b"/x"),
        ("/first", b"first", b"/"),
        ("/first/", b"first", b"/"),
        ("/first?a=1", b"first", b"/?a=1"),
        ("/second/x", b"second", b"/x"),
        ("/second/first/x", b"second", b"/first/x"),
    ],
)
async def test_prefix_selects_the_upstream_and_is_stripped(target, name, seen):
    async with Upstream(reply(b"first")) as one, Upstream(reply(b"second")) as two:
        both = {"first": upstream(one.url), "second": upstream(two.url)}
        async with running_sidecar(config(upstreams=both)) as sidecar:
            answer = await ask(sidecar.proxy, get(target))
        assert answer.body == name
        assert [request.target for request in one.requests + two.requests] == [seen]


async def test_base_path_of_the_url_comes_before_the_target():
    async with proxied(OK, base="/v26.0") as (sidecar, origin):
        await ask(sidecar.proxy, get("/api/123/messages?x=%2C"))
        assert origin.requests[0].target == b"/v26.0/123/messages?x=%2C"


@pytest.mark.parametrize("host", ["api.internal", "API.Internal", "api.internal:8080"])
async def test_host_selects_the_upstream_without_a_prefix(host):
    async with proxied(OK, hosts=("api.internal",)) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get("/api/x", host=host))
        assert answer.status == 200
        assert origin.requests[0].target == b"/api/x"
        assert origin.requests[0].values(b"host") == [origin.host]


async def test_port_of_the_upstream_needs_no_prefix():
    async with proxied(OK, port=free_port()) as (sidecar, origin):
        answer = await ask(sidecar.port("api"), get("//ws/x"))
        assert answer.status == 200
        assert origin.requests[0].target == b"//ws/x"


async def test_unix_socket_serves_the_application(tmp_path):
    address = Address(path=str(tmp_path / "proxy.sock"))
    listen = {"proxy": (LOOPBACK, address)}
    async with proxied(OK, listen=listen) as (sidecar, origin):
        assert (await ask(address, get("/api/unix"))).status == 200
        assert (await ask(sidecar.proxy, get("/api/tcp"))).status == 200
        assert [request.target for request in origin.requests] == [b"/unix", b"/tcp"]
    assert not (tmp_path / "proxy.sock").exists()


async def test_stale_unix_socket_of_a_killed_process_is_replaced(tmp_path):
    path = str(tmp_path / "proxy.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    async with proxied(OK, listen={"proxy": (Address(path=path),)}):
        assert (await ask(Address(path=path), get("/api/x"))).status == 200


async def test_tls_listeners_serve_prefix_and_port(certs):
    tls = ServerTls(certificate=str(certs.server), key=str(certs.server_key))
    listen = {"proxy_tls": (LOOPBACK,), "tls": tls}
    async with proxied(OK, listen=listen, tls_port=free_port()) as (sidecar, origin):
        trusting = certs.client_context()
        assert (await ask(sidecar.proxy_tls, get("/api/a"), tls=trusting)).status == 200
        assert (await ask(sidecar.port("api", tls=True), get("/b"), tls=trusting)).status == 200
        assert [request.target for request in origin.requests] == [b"/a", b"/b"]


@pytest.mark.parametrize(
    ("request_bytes", "code", "status"),
    [
        (get("http://example.com/x"), "absolute_form", 400),
        (get("http://127.0.0.1/api/x"), "absolute_form", 400),
        (call("OPTIONS", "*"), "bad_target", 400),
        (get("/"), "no_upstream", 404),
        (get("/unknown/x"), "no_upstream", 404),
        (get("/apix/x"), "no_upstream", 404),
        (get("/API/x"), "no_upstream", 404),
        (get("/%61pi/x"), "no_upstream", 404),
        (get("//api/x"), "no_upstream", 404),
        (get("/_sidecar/x"), "reserved_path", 404),
        (get("/_sidecar"), "reserved_path", 404),
        (call("CONNECT", "example.com:443"), "connect_method", 400),
        (
            get("/api/x", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8"),
            "upgrade_unsupported",
            426,
        ),
    ],
    ids=lambda value: value.split(b"\r\n")[0].decode() if isinstance(value, bytes) else None,
)
async def test_what_has_no_upstream_is_refused_and_reaches_nothing(request_bytes, code, status):
    async with proxied(OK) as (sidecar, origin):
        answer = await ask(sidecar.proxy, request_bytes)
        assert (answer.status, answer.error) == (status, code)
        assert answer.value("content-type") == "application/json"
        assert not origin.connections


SMUGGLING = {
    "length and coding": "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "unknown coding": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "signed length": "Content-Length: +3\r\n\r\nabc",
    "blank before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded line": "X-A: 1\r\n b\r\n\r\n",
    "bare line feed": "X-A: 1\nX-B: 2\r\n\r\n",
    "NUL in a value": "X-A: a\0b\r\n\r\n",
    "two hosts": "Host: b.test\r\n\r\n",
}


@pytest.mark.parametrize("rest", SMUGGLING.values(), ids=SMUGGLING)
async def test_ambiguous_requests_are_refused_and_reach_nothing(rest):
    async with proxied(OK) as (sidecar, origin):
        data = b"POST /api/x HTTP/1.1\r\nHost: a.test\r\n" + rest.encode()
        answer = await ask(sidecar.proxy, data)
        assert answer.status in {400, 501}
        assert not origin.connections
