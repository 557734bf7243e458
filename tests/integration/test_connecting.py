"""What goes wrong before anything is sent: addresses, names, TLS."""

import asyncio
import socket

import pytest

from sidecar.config import ClientTls, Dns, Retry
from tests.support.builders import one_upstream
from tests.support.ports import free_port
from tests.support.process import open_files
from tests.support.proxied import elapsed_since, proxied, soon
from tests.support.raw import ask, call, get
from tests.support.sidecar import running_sidecar
from tests.support.steps import OK, close, send
from tests.support.upstream import Upstream


@pytest.mark.parametrize("times", [1, 3])
async def test_refused_connection_is_named_and_may_be_tried_again(times):
    async with running_sidecar(one_upstream(f"http://127.0.0.1:{free_port()}")) as sidecar:
        for _ in range(times):
            answer = await ask(sidecar.proxy, get())
            assert (answer.status, answer.error) == (503, "connect_error")


async def test_unknown_name_is_named():
    async with running_sidecar(one_upstream("http://nobody.invalid")) as sidecar:
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.error) == (503, "dns_error")


async def test_upstream_that_comes_back_is_served_again():
    async with Upstream(OK) as origin:
        url, port = origin.url, origin.port
    async with running_sidecar(one_upstream(url)) as sidecar:
        assert (await ask(sidecar.proxy, get())).error == "connect_error"
        async with Upstream(OK, port=port):
            assert (await ask(sidecar.proxy, get())).status == 200


async def test_untrusted_certificate_is_refused_with_the_reason(certs):
    async with proxied(OK, server_tls=certs.server_context()) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.error) == (503, "tls_error")
        assert b"certificate" in answer.body.lower()
        assert not origin.requests


async def test_own_authority_is_trusted(certs):
    tls = ClientTls(ca=str(certs.ca))
    async with proxied(OK, server_tls=certs.server_context(), tls=tls) as (sidecar, origin):
        for _ in range(3):
            assert (await ask(sidecar.proxy, get())).body == b"ok"
        assert len(origin.connections) == 1


@pytest.mark.parametrize(
    ("server_name", "error"), [("localhost", None), ("other.test", "tls_error")]
)
async def test_server_name_is_what_gets_verified(certs, server_name, error):
    tls = ClientTls(ca=str(certs.ca), server_name=server_name)
    async with proxied(OK, server_tls=certs.server_context(), tls=tls) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).error == error


async def test_client_certificate_is_shown_where_configured(certs):
    tls = ClientTls(ca=str(certs.ca), certificate=str(certs.client), key=str(certs.client_key))
    server = certs.server_context(ask_client=True)
    async with proxied(OK, server_tls=server, tls=tls) as (sidecar, _):
        assert (await ask(sidecar.proxy, get())).body == b"ok"


async def test_missing_client_certificate_ends_the_handshake_without_a_word(certs):
    server = certs.server_context(ask_client=True)
    async with proxied(OK, server_tls=server, tls=ClientTls(ca=str(certs.ca))) as (sidecar, origin):
        answer = await ask(sidecar.proxy, get())
        assert (answer.status, answer.error) == (503, "connect_error")
        assert b"failed: the upstream ended it" in answer.body
        assert not origin.requests


async def test_plain_upstream_behind_an_https_url_is_a_tls_error():
    async with Upstream(OK, greeting=(send(b"HTTP/1.1 400 Bad Request\r\n\r\n"),)) as origin:
        url = origin.url.replace("http:", "https:")
        async with running_sidecar(one_upstream(url)) as sidecar:
            assert (await ask(sidecar.proxy, get())).error == "tls_error"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_handshake_that_breaks_is_begun_again_as_nothing_was_sent(method):
    """A network that fails does so here as well; it says nothing about certificates."""
    async with Upstream(OK, greeting=(close,)) as origin:
        url = origin.url.replace("http:", "https:")
        retry = Retry(attempts=3, base=0.001, cap=0.002)
        async with running_sidecar(one_upstream(url, retry=retry)) as sidecar:
            answer = await ask(sidecar.proxy, call(method, content=b"{}"))
        assert (answer.status, answer.error) == (503, "connect_error")
        assert b"TLS handshake" in answer.body
        assert len(origin.connections) == 3


def resolve_in_tests(monkeypatch, answer):
    """Let `answer(real)` resolve `api.test`, whichever event loop runs."""
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def getaddrinfo(host, *args, **kwargs):
        if host == "api.test":
            return await answer(lambda: real("127.0.0.1", *args, **kwargs))
        return await real(host, *args, **kwargs)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)


async def test_last_good_address_is_kept_when_the_resolver_fails(monkeypatch):
    lookups = []

    async def answer(real):
        lookups.append(None)
        if len(lookups) > 1:
            raise socket.gaierror(socket.EAI_AGAIN, "temporary failure")
        return await real()

    resolve_in_tests(monkeypatch, answer)
    async with Upstream(OK) as origin:
        short = {"dns": Dns(ttl=0.001), "pool": {"max_age": 0.001}}
        async with running_sidecar(
            one_upstream(f"http://api.test:{origin.port}", **short)
        ) as sidecar:
            for _ in range(3):
                assert (await ask(sidecar.proxy, get())).status == 200
                await asyncio.sleep(0.01)
        assert len(lookups) > 1
        assert len(origin.connections) == 3


async def test_slow_look_up_has_a_timeout_of_its_own_name(monkeypatch):
    async def answer(real):
        await asyncio.sleep(5)
        return await real()

    resolve_in_tests(monkeypatch, answer)
    async with running_sidecar(
        one_upstream("http://api.test:1", timeouts={"connect": 0.2})
    ) as sidecar:
        start = asyncio.get_running_loop().time()
        assert (await ask(sidecar.proxy, get())).error == "dns_timeout"
        assert 0.15 < elapsed_since(start) < 0.6


@pytest.mark.parametrize(
    ("origin_form", "host"),
    [
        ("http://api.test", b"api.test"),
        ("http://api.test:80", b"api.test"),
        ("http://api.test:8080", b"api.test:8080"),
    ],
)
async def test_host_names_the_port_only_where_it_is_not_the_default(origin_form, host, monkeypatch):
    async with Upstream(OK) as origin:

        async def answer(_):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", origin.port))]

        resolve_in_tests(monkeypatch, answer)
        async with running_sidecar(one_upstream(origin_form)) as sidecar:
            assert (await ask(sidecar.proxy, get())).status == 200
        assert origin.requests[0].values(b"host") == [host]


async def test_failed_connections_leave_no_files_open(certs):
    untrusted = Upstream(OK, tls=certs.server_context())
    async with untrusted as origin, running_sidecar(one_upstream(origin.url)) as sidecar:
        await ask(sidecar.proxy, get())
        before = open_files()
        for _ in range(30):
            assert (await ask(sidecar.proxy, get())).error == "tls_error"
        await soon(lambda: open_files() <= before + 3, within=2)
